import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Lab, LabHost } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import {
  type ClusterNode,
  changedTasks,
  clusterNodes,
  type Finished,
  failures,
  rcdeploy,
} from '../main-job/rcdeploy.ts';
import { givenSource, type ServerSource } from '../redis-source.ts';

/** A server and the network that its cluster lives in. */
export interface Variant {
  /** Of the lab; short. */
  readonly name: string;
  source(): Promise<ServerSource>;
  /** Variables of all hosts, and of one. */
  vars?(lab: Lab): Record<string, unknown>;
  /** Directives of `redis_config`. */
  readonly config?: Readonly<Record<string, unknown>>;
  hostVars?(host: LabHost): Record<string, unknown>;
  /** Options by which redis-cli on a host speaks to a node there. */
  cliOptions?(host: LabHost): string;
  /** What has to be on the hosts before. */
  prepare?(lab: Lab): Promise<void>;
}

/** The ports of each host, and what shall leave. */
export interface Shape {
  readonly ports: Readonly<Record<string, readonly number[]>>;
  readonly leavingHosts?: readonly string[];
  readonly leavingPorts?: Readonly<Record<string, readonly number[]>>;
}

interface Group {
  hosts: Record<string, Record<string, unknown>>;
}

/** A lab of four hosts, two of them with systemd, and the cluster that a variant makes of them. */
export class Site {
  readonly lab: Lab;
  readonly source: ServerSource;
  readonly #variant: Variant;
  #config: Record<string, unknown>;

  private constructor(lab: Lab, source: ServerSource, variant: Variant) {
    this.lab = lab;
    this.source = source;
    this.#variant = variant;
    this.#config = { 'repl-diskless-sync-delay': 0, ...variant.config };
  }

  static async up(variant: Variant): Promise<Site> {
    const source = (await givenSource()) ?? (await variant.source());
    const lab = await labUp({ name: `mx-${variant.name}`, hosts: 4, systemd: [1, 3], replace: true });
    await variant.prepare?.(lab);
    return new Site(lab, source, variant);
  }

  /** Directives of `redis_config` from now on, beside those before. */
  configure(config: Record<string, unknown>): void {
    this.#config = { ...this.#config, ...config };
  }

  async succeeds(playbook: string, shape: Shape): Promise<Finished> {
    const run = await rcdeploy('run', `playbooks/${playbook}.yml`, '-i', this.#inventory(shape));
    expect(run.exit, failures(run)).toBe(0);
    return run;
  }

  /** The same command once more. */
  async changesNothing(playbook: string, shape: Shape): Promise<void> {
    expect(changedTasks(await this.succeeds(playbook, shape))).toEqual([]);
  }

  #inventory({ ports, leavingHosts = [], leavingPorts = {} }: Shape): string {
    const text = parse(readFileSync(this.lab.inventoryFile, 'utf8')) as {
      all: { vars: object; children: Record<string, Group> };
    };
    const own = text.all.children.redis?.hosts ?? {};
    const hosts = Object.entries(ports).map(([name, its]) => [
      name,
      {
        ...own[name],
        ...this.#variant.hostVars?.(this.lab.host(name)),
        redis_ports: its,
        ...(leavingPorts[name] && { redis_leaving_ports: leavingPorts[name] }),
      },
    ]);
    text.all.vars = { ...text.all.vars, ...this.#vars() };
    text.all.children = { redis: { hosts: Object.fromEntries(hosts) } };
    if (leavingHosts.length > 0)
      text.all.children.redis_leaving = { hosts: Object.fromEntries(leavingHosts.map((host) => [host, {}])) };
    const file = `${this.lab.dir}/site.yml`;
    writeFileSync(file, stringify(text));
    return file;
  }

  #vars(): Record<string, unknown> {
    const { flavor, version, file, sha256 } = this.source;
    return {
      redis_flavor: flavor,
      redis_version: version,
      redis_source: file,
      redis_sha256: sha256,
      redis_config: this.#config,
      ...this.#variant.vars?.(this.lab),
    };
  }

  /** What redis-cli says on the node's own host; `input` is what it reads commands from when it is given none. */
  async ask(name: string, port: number, words: string, input?: string): Promise<string> {
    const host = this.lab.host(name);
    const cli = `/opt/redis/current/bin/redis-cli -p ${port} ${this.#variant.cliOptions?.(host) ?? ''} ${words}`;
    const { rc, stdout, stderr } = await host.exec(cli, input === undefined ? {} : { stdin: input });
    expect(rc, `${name}:${port} ${words}: ${stderr}`).toBe(0);
    return stdout.trim();
  }

  async askAll({ ports }: Shape, words: string): Promise<string[]> {
    const nodes = Object.entries(ports).flatMap(([host, its]) => its.map((port) => ({ host, port })));
    return await Promise.all(nodes.map(({ host, port }) => this.ask(host, port, words)));
  }
}

/** Who is master, with how many slots. */
export function slotsOf(run: Finished): Record<string, number> {
  const count = ({ slots }: ClusterNode): number =>
    slots
      .split(/[ ,]+/)
      .filter(Boolean)
      .map((range) => range.split('-').map(Number))
      .reduce((sum, [first = 0, last = first]) => sum + last - first + 1, 0);
  const masters = clusterNodes(run).filter(({ role }) => role === 'master');
  return Object.fromEntries(masters.map((node) => [`${node.host}:${node.port}`, count(node)]));
}
