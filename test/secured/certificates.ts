import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'];

/** PEM texts. */
export interface Identity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of a test; its files are below a directory of its own. */
export class Authority {
  readonly directory = mkdtempSync(join(tmpdir(), 'rcdeploy-ca-'));

  static async named(name: string): Promise<Authority> {
    const authority = new Authority();
    await authority.#request('ca', ['-subj', `/CN=${name}`, '-addext', 'basicConstraints=critical,CA:TRUE']);
    return authority;
  }

  /** Signs a certificate for servers and clients at these addresses; a second one of the same name replaces the first. */
  async issue(name: string, addresses: readonly string[]): Promise<Identity> {
    const names = addresses.map((address) => `IP:${address}`).join(',');
    await this.#request(name, [
      ...['-CA', this.#file('ca.crt'), '-CAkey', this.#file('ca.key'), '-subj', `/CN=${name}`],
      ...['-addext', `subjectAltName=${names}`, '-addext', 'basicConstraints=critical,CA:FALSE'],
    ]);
    return { ca: this.read('ca.crt'), cert: this.read(`${name}.crt`), key: this.read(`${name}.key`) };
  }

  read(file: string): string {
    return readFileSync(this.#file(file), 'utf8');
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #file(name: string): string {
    return join(this.directory, name);
  }

  async #request(name: string, words: readonly string[]): Promise<void> {
    const out = ['-keyout', this.#file(`${name}.key`), '-out', this.#file(`${name}.crt`)];
    await run('openssl', ['req', '-x509', ...KEY, ...words, ...out]);
  }
}
