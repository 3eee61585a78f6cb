import { expect } from 'vitest';
import type { Lab, LabOptions } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import type { LoadFigures } from '../load/contract.ts';
import { figuresLine, startLoad } from '../load/load.ts';
import { type Finished, failures, fromTarball, rcdeploy } from '../main-job/rcdeploy.ts';

/** A diskless sync waits 5 s for more replicas; that is the server's business and only makes tests longer. */
const CONFIG = { 'repl-diskless-sync-delay': 0 };

/** Hosts in three zones that serve as a cluster; by default six, half of them with systemd, with a node each. */
export class ClusterLab {
  readonly lab: Lab;
  #vars: Record<string, unknown>;

  private constructor(lab: Lab, vars: Record<string, unknown>) {
    this.lab = lab;
    this.#vars = vars;
  }

  static async up(
    name: string,
    hosts: Pick<LabOptions, 'hosts' | 'systemd'> = { hosts: 6, systemd: [1, 3, 5] },
    vars: Record<string, unknown> = {},
  ): Promise<ClusterLab> {
    const [, source = '{}'] = await fromTarball();
    const lab = await labUp({ name, ...hosts, replace: true });
    const cluster = new ClusterLab(lab, { ...(JSON.parse(source) as object), redis_config: CONFIG, ...vars });
    await cluster.succeed('cluster');
    return cluster;
  }

  /** What `-e` says in this and all later runs. */
  declare(vars: Record<string, unknown>): void {
    this.#vars = { ...this.#vars, ...vars };
  }

  /** `playbook`: the name of a shipped one, or a file. */
  args(playbook: string, ...more: string[]): string[] {
    return [
      'run',
      playbook.includes('/') ? playbook : `playbooks/${playbook}.yml`,
      '-i',
      this.lab.inventoryFile,
      '-e',
      JSON.stringify(this.#vars),
      ...more,
    ];
  }

  async run(playbook: string, ...more: string[]): Promise<Finished> {
    return await rcdeploy(...this.args(playbook, ...more));
  }

  async succeed(playbook: string, ...more: string[]): Promise<Finished> {
    const finished = await this.run(playbook, ...more);
    expect(finished.exit, failures(finished)).toBe(0);
    return finished;
  }

  /** Runs something while clients work, and prints what they felt. Nothing that was acknowledged may be lost. */
  async underLoad(what: string, work: () => Promise<unknown>): Promise<LoadFigures> {
    const [port = 6379] = (this.#vars.redis_ports as number[] | undefined) ?? [];
    const load = await startLoad({ seeds: this.lab.hosts.map(({ address }) => ({ host: address, port })) });
    try {
      await load.more(100);
      await work();
      await load.more(100);
      const figures = await load.stop();
      process.stdout.write(`  ${figuresLine(what, figures)}\n`);
      return figures;
    } finally {
      load.abandon();
    }
  }

  /** What redis-cli on a host answers. */
  async ask(host: string, ...words: string[]): Promise<string> {
    const cli = `/opt/redis/current/bin/redis-cli ${words.map((word) => `'${word}'`).join(' ')}`;
    return (await this.lab.host(host).exec(cli)).stdout.trim();
  }

  async askAll(...words: string[]): Promise<string[]> {
    return await Promise.all(this.lab.hosts.map(async ({ name }) => await this.ask(name, ...words)));
  }
}

/** What P12 to P14 promise of a planned operation, as clients and a sampler see it. */
export function expectNoHarm(figures: LoadFigures): void {
  expect(figures, figures.incidents.join('\n')).toMatchObject({
    lost: 0,
    wrongReads: 0,
    errors: [],
    mostDown: 1,
    mostOut: 1,
  });
}
