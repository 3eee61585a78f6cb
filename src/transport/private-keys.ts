import { readFile } from 'node:fs/promises';
import type { ParsedKey } from 'ssh2';

/** A key file's outcome: a key, or why there is none. */
export type LoadedKey = { readonly key: ParsedKey } | { readonly problem: string } | undefined;

/** Asks the user for the passphrase of a key file; undefined: none can be had. */
export type AskPassphrase = (file: string) => Promise<string | undefined>;

const loaded = new Map<string, Promise<LoadedKey>>();

/** Read and decrypt a key once for all hosts (decrypting blocks the event loop for half a second). Undefined: no such file. */
export function loadKey(file: string, askPassphrase: AskPassphrase | undefined): Promise<LoadedKey> {
  let key = loaded.get(file);
  if (key === undefined) {
    key = load(file, askPassphrase);
    loaded.set(file, key);
  }
  return key;
}

async function load(file: string, askPassphrase: AskPassphrase | undefined): Promise<LoadedKey> {
  let text: Buffer;
  try {
    text = await readFile(file);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT'
      ? undefined
      : { problem: String(error) };
  }
  const { utils } = (await import('ssh2')).default;
  let key = utils.parseKey(text);
  if (key instanceof Error && /encrypted/i.test(key.message)) {
    const passphrase = await askPassphrase?.(file);
    if (passphrase === undefined) {
      return { problem: 'is encrypted: load it into ssh-agent with ssh-add' };
    }
    key = utils.parseKey(text, passphrase);
    if (key instanceof Error) {
      return { problem: 'could not be decrypted with the passphrase given' };
    }
  }
  if (key instanceof Error) {
    return { problem: explain(text, key) };
  }
  const first = Array.isArray(key) ? key[0] : key;
  return first === undefined || !first.isPrivateKey() ? { problem: 'is not a private key' } : { key: first };
}

function explain(text: Buffer, error: Error): string {
  const body = Buffer.from(text.toString('latin1').replace(/-----[^-]+-----|\s/g, ''), 'base64').toString('latin1');
  if (body.includes('sk-ssh-') || body.includes('sk-ecdsa-')) {
    return 'is a FIDO security key, which is not supported, also through ssh-agent: use a key of another type';
  }
  return `cannot be read as a key (${error.message})`;
}
