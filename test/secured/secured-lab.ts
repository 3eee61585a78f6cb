import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { type Load, startLoad } from '../load/load.ts';
import { type Finished, failures, rcdeploy } from '../main-job/rcdeploy.ts';
import type { Authority, Identity } from './certificates.ts';
import { distributionServer } from './distribution-server.ts';
import { type Login, LoginProbe } from './login-probe.ts';

/** Three hosts of two nodes each, with a certificate for each host, that serve only those who log in through TLS. */
export class SecuredLab {
  readonly lab: Lab;
  readonly #clients = new Map<Authority, Identity>();
  #vars: Record<string, unknown>;

  private constructor(lab: Lab, vars: Record<string, unknown>) {
    this.lab = lab;
    this.#vars = vars;
  }

  static async up(name: string, vars: Record<string, unknown>): Promise<SecuredLab> {
    const [server, lab] = await Promise.all([
      distributionServer(),
      labUp({ name, hosts: 3, systemd: [1], replace: true }),
    ]);
    return new SecuredLab(lab, {
      ...server,
      redis_ports: [7000, 7001],
      redis_config: { 'repl-diskless-sync-delay': 0 },
      ...vars,
    });
  }

  /** Certificates for every host and for clients, signed anew by this authority: what `redis_tls` is then. */
  async certificates(authority: Authority): Promise<Record<string, string>> {
    const hosts = this.lab.hosts.map(({ name, address, address6 }) => authority.issue(name, [address, address6]));
    const [client] = await Promise.all([authority.issue('client', ['127.0.0.1']), ...hosts]);
    if (client) this.#clients.set(authority, client);
    return this.tls(authority);
  }

  /** `redis_tls` with the certificates that this authority has signed for PREFIX and a host's name. */
  tls(authority: Authority, prefix = ''): Record<string, string> {
    const text = (file: string): string => `{{ lookup('file', '${authority.directory}/' ~ ${file}) }}`;
    return {
      ca: text("'ca.crt'"),
      cert: text(`'${prefix}' ~ inventory_hostname ~ '.crt'`),
      key: text(`'${prefix}' ~ inventory_hostname ~ '.key'`),
    };
  }

  /** What a client of this authority has, trusting others too. */
  client(authority: Authority, ...others: readonly Authority[]): Identity {
    const identity = this.#clients.get(authority);
    if (!identity) throw new Error(`there is no client's certificate in ${authority.directory}`);
    return { ...identity, ca: [authority, ...others].map((one) => one.read('ca.crt')).join('') };
  }

  /** What `-e` says in this and all later runs; undefined takes it back. */
  declare(vars: Record<string, unknown>): void {
    const all = Object.entries({ ...this.#vars, ...vars }).filter(([, value]) => value !== undefined);
    this.#vars = Object.fromEntries(all);
  }

  args(playbook: string, ...more: string[]): string[] {
    const place = ['-i', this.lab.inventoryFile, '-e', JSON.stringify(this.#vars)];
    return ['run', `playbooks/${playbook}.yml`, ...place, ...more];
  }

  look(what: 'check' | 'status' | 'info'): string[] {
    return ['cluster', what, '-i', this.lab.inventoryFile, '-e', JSON.stringify(this.#vars)];
  }

  async succeed(playbook: string, ...more: string[]): Promise<Finished> {
    const finished = await rcdeploy(...this.args(playbook, ...more));
    expect(finished.exit, failures(finished)).toBe(0);
    return finished;
  }

  async down(): Promise<void> {
    rmSync(dirname(String(this.#vars.redis_source)), { recursive: true, force: true });
    await this.lab.down();
  }

  get nodes(): { address: string; port: number }[] {
    return this.lab.hosts.flatMap(({ address }) => [7000, 7001].map((port) => ({ address, port })));
  }

  probe(login: Login, always: boolean): LoginProbe {
    return new LoginProbe(this.nodes, login, always);
  }

  async load(password: string, tls: Identity): Promise<Load> {
    const seeds = this.nodes.map(({ address, port }) => ({ host: address, port }));
    const load = await startLoad({ seeds, password, tls });
    await load.more(50);
    return load;
  }
}
