import { UnreachableError } from '../errors/errors.ts';
import type { Target } from './contract.ts';
import { openJump } from './jump.ts';
import { fingerprint, judgeKey, keyType, knownName } from './known-hosts.ts';
import { readKnownHosts, rememberKey } from './known-hosts-files.ts';
import { openSocket } from './socket.ts';
import { type SshSettings, sshSettings } from './ssh-settings.ts';

/** What one host showed. Only a key of status `unknown` is to be approved; a changed one needs `ssh-keygen -R` first. */
export type ScannedHost =
  | {
      readonly host: string;
      /** The name for known_hosts. */
      readonly name: string;
      readonly status: 'known' | 'unknown' | 'changed' | 'revoked';
      readonly type: string;
      readonly fingerprint: string;
      /** Where the line stands that the key contradicts. */
      readonly where: string | undefined;
      /** Write the key to the user's known_hosts. Resolves with the file. */
      approve(): Promise<string>;
    }
  | { readonly host: string; readonly status: 'unreachable'; readonly error: UnreachableError };

/** Look at the host keys of many hosts, without logging in, at most `forks` at a time; one answer per host, in their order. */
export async function scanHostKeys(
  targets: readonly Target[],
  forks: number,
  signal: AbortSignal,
): Promise<ScannedHost[]> {
  const answers: ScannedHost[] = [];
  const left = [...targets.entries()];
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [at, target] = next;
      answers[at] = await scanOne(target, signal);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, forks) }, work));
  return answers;
}

async function scanOne(target: Target, signal: AbortSignal): Promise<ScannedHost> {
  try {
    const { address, port, user, sshOptions } = target;
    const settings = await sshSettings({ address, port, user, options: sshOptions });
    const key = await fetchKey(target, settings, signal);
    return await judged(target, settings, key);
  } catch (error) {
    signal.throwIfAborted();
    const unreachable =
      error instanceof UnreachableError
        ? error
        : new UnreachableError(target.name, `Its key could not be read: ${String(error)}`);
    return { host: target.name, status: 'unreachable', error: unreachable };
  }
}

async function judged(target: Target, settings: SshSettings, key: Buffer): Promise<ScannedHost> {
  const known = await readKnownHosts([...settings.knownHostsFiles, ...settings.globalKnownHostsFiles]);
  const name = settings.hostKeyAlias?.toLowerCase() ?? knownName(settings.hostname, settings.port);
  const verdict = judgeKey(known, name, key);
  const line = verdict.kind === 'changed' ? verdict.was : verdict.kind === 'revoked' ? verdict.by : undefined;
  const status = verdict.kind === 'authority' ? 'unknown' : verdict.kind;
  return {
    host: target.name,
    name,
    status,
    type: keyType(key),
    fingerprint: fingerprint(key),
    where: line && `${line.file}:${line.line}`,
    approve: async () => {
      const [file] = settings.knownHostsFiles;
      if (status !== 'unknown' || file === undefined) {
        throw new UnreachableError(target.name, `The ${status} key of ${name} cannot be approved`);
      }
      await rememberKey(file, name, key);
      return file;
    },
  };
}

/** The key exchange shows the key; the login never begins. */
async function fetchKey(target: Target, settings: SshSettings, signal: AbortSignal): Promise<Buffer> {
  const jump = await openJump(settings.proxyJump, target, signal, {});
  try {
    const sock = await openSocket(target.name, settings, jump, target.connectTimeoutMs, signal);
    sock.on('error', () => undefined);
    const { Client } = (await import('ssh2')).default;
    const client = new Client();
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        client.on('error', reject);
        client.on('close', () => reject(new Error('the connection was closed')));
        client.connect({
          sock,
          username: settings.user,
          readyTimeout: target.connectTimeoutMs,
          hostVerifier: (key: Buffer) => {
            resolve(key);
            return false;
          },
        });
      });
    } finally {
      client.destroy();
      sock.destroy();
    }
  } finally {
    jump?.release();
  }
}
