import type { Client, ParsedKey } from 'ssh2';

type Sign = (data: Buffer, send: (signature: Buffer) => void) => void;

/** What ssh2 1.17 says a request to log in with a key by; without `sign` it only asks whether the key would do. */
interface KeyRequests {
  authPK?(user: string, key: ParsedKey, algorithm: string | undefined, sign?: Sign): void;
}

/**
 * Logs in with a key of a file without asking first whether it would do (RFC 4252, section 7 leaves that open): a round trip less, and
 * sshd answers such a question no sooner than after 5 to 9 ms. Call it when the client connects. Keys of an agent, where each signature may
 * ask a person to touch something, are asked for as ever; so are RSA keys, whose algorithm the server chooses.
 */
export function signAtOnce(client: Client): void {
  const requests = (client as unknown as { readonly _protocol?: KeyRequests })._protocol;
  const ask = requests?.authPK;
  if (requests === undefined || ask === undefined) return;
  requests.authPK = (user, key, algorithm, sign) => {
    ask.call(requests, user, key, algorithm, sign ?? signerOf(key));
  };
}

/** Undefined: ask first. */
function signerOf(key: ParsedKey): Sign | undefined {
  if (!/^(ssh-ed25519|ecdsa-sha2-nistp\d+)$/.test(key.type) || !key.isPrivateKey()) return undefined;
  return (data, send) => {
    const signature: Buffer | Error = key.sign(data);
    if (signature instanceof Error) throw signature;
    send(signature);
  };
}
