import { UnreachableError } from '../errors/errors.ts';
import { fingerprint, judgeKey, type KnownHost, keyType, knownName, linesFor, orderAlgorithms } from './known-hosts.ts';
import { readKnownHosts, rememberKey } from './known-hosts-files.ts';
import type { SshSettings } from './ssh-settings.ts';

/** The order in which ssh2 asks by itself. */
const algorithms = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
] as const;
export type HostKeyAlgorithm = (typeof algorithms)[number];

/** Decides about one host's key: known keys pass, new ones only when the user said so, changed and revoked ones never. */
export class HostKeyPolicy {
  readonly #host: string;
  readonly #settings: SshSettings;
  readonly #acceptNew: boolean;
  readonly #notice: (message: string) => void;
  /** Of this host alone: known_hosts may have thousands of lines. */
  readonly #known: readonly KnownHost[];
  /** The name in known_hosts. */
  readonly name: string;
  /** Why the key was refused. */
  refusal: UnreachableError | undefined;

  static async of(host: string, settings: SshSettings, acceptNew: boolean, notice: (message: string) => void) {
    const known = await readKnownHosts([...settings.knownHostsFiles, ...settings.globalKnownHostsFiles]);
    return new HostKeyPolicy(host, settings, acceptNew, notice, known);
  }

  private constructor(
    host: string,
    settings: SshSettings,
    acceptNew: boolean,
    notice: (message: string) => void,
    known: readonly KnownHost[],
  ) {
    this.#host = host;
    this.#settings = settings;
    this.#acceptNew = acceptNew || ['no', 'accept-new'].includes(settings.strictHostKeyChecking);
    this.#notice = notice;
    this.name = settings.hostKeyAlias?.toLowerCase() ?? knownName(settings.hostname, settings.port);
    this.#known = linesFor(known, this.name);
  }

  get algorithms(): HostKeyAlgorithm[] {
    return orderAlgorithms(this.#known, this.name, algorithms) as HostKeyAlgorithm[];
  }

  /** Whether to go on with a host that offers this key; if not, `refusal` says why. */
  async accepts(key: Buffer): Promise<boolean> {
    const verdict = judgeKey(this.#known, this.name, key);
    const shown = `${keyType(key)} ${fingerprint(key)}`;
    switch (verdict.kind) {
      case 'known':
        return true;
      case 'revoked':
        return this.#refuse(
          `The host key of ${this.name} (${shown}) is revoked in ${verdict.by.file}:${verdict.by.line}`,
          'Whoever answers there holds a key that was given up. Do not log in before that is explained.',
        );
      case 'changed':
        return this.#refuse(
          `The host key of ${this.name} has changed: it offers ${shown}, but ${verdict.was.file}:${verdict.was.line} has another`,
          `Someone may be in between, or the host was set up anew. If it was: ssh-keygen -R '${this.name}' -f ${verdict.was.file}, then rcdeploy hostkeys scan.`,
        );
      case 'authority':
        return this.#refuse(
          `The host ${this.name} is known by a @cert-authority in ${verdict.by.file}:${verdict.by.line}, and host certificates are not supported`,
          `Approve its plain key (${shown}) with rcdeploy hostkeys scan.`,
        );
      case 'unknown':
        return await this.#judgeNew(key, shown, verdict.others);
    }
  }

  async #judgeNew(key: Buffer, shown: string, others: readonly KnownHost[]): Promise<boolean> {
    const [other] = others;
    if (other !== undefined) {
      return this.#refuse(
        `The host ${this.name} is known by a key of type ${other.type} (${other.file}:${other.line}), but offers ${shown}`,
        'If the host gave up its old key, approve the new one with rcdeploy hostkeys scan.',
      );
    }
    if (!this.#acceptNew) {
      return this.#refuse(
        `The host key of ${this.name} is unknown: ${shown}`,
        'Compare it with the host, then approve it: rcdeploy hostkeys scan (or --accept-new-host-keys).',
      );
    }
    const [file] = this.#settings.knownHostsFiles;
    if (file === undefined || file === '/dev/null') {
      this.#notice(`accepted the unknown host key of ${this.name}: ${shown}; it is remembered nowhere`);
      return true;
    }
    try {
      await rememberKey(file, this.name, key);
      this.#notice(`accepted the unknown host key of ${this.name}: ${shown}; now in ${file}`);
      return true;
    } catch (error) {
      return this.#refuse(
        `The new host key of ${this.name} could not be written to ${file}: ${String(error)}`,
        undefined,
      );
    }
  }

  #refuse(message: string, hint: string | undefined): false {
    this.refusal = new UnreachableError(this.#host, message, hint);
    return false;
  }
}
