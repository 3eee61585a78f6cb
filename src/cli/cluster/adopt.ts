import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { InputError, UnreachableError } from '../../errors/errors.ts';
import { type Adoptee, type Adoption, adoptionOf } from '../../redis/cluster/adoption.ts';
import type { RunEvent } from '../../report/contract.ts';
import { sanitizeLine } from '../../report/sanitize.ts';
import { runPlaybooks } from '../run.ts';
import type { RunFlags } from '../run-options.ts';
import { output } from '../terminal.ts';
import { type WayToHosts, withOwnProcesses } from './own-processes.ts';
import type { Source } from './sources.ts';

export interface AdoptOptions {
  readonly seed: string;
  readonly name: string;
  readonly to: string;
  /** The SSH host that the nodes are asked from; undefined: this machine. */
  readonly via: string | undefined;
  readonly user: string | undefined;
  readonly become: boolean;
  readonly way: Omit<WayToHosts, 'local'>;
  /** How to reach the hosts, for the two runs at the end. */
  readonly run: RunFlags;
}

/** Takes over a cluster that somebody else built: an inventory, and the record of it on its hosts. Returns the exit status. */
export async function adopt(source: Source, options: AdoptOptions): Promise<number> {
  const { to, name, seed, way } = options;
  if (existsSync(to)) throw inputError(`${to} is there already`, 'choose another directory: --to');
  const { cluster, looks } = await source.survey();
  const local = options.via === undefined && looks.every(({ view }) => /^(127\.|::1$)/.test(view.node.address));
  const { refusals } = adoptionOf(name, cluster, looks);
  if (refusals.length > 0) {
    nothingWritten(seed, 'the cluster is not in a state to be taken over', refusals);
    return looks.some(({ view }) => view.seen) ? 2 : 4;
  }
  let adoptees: readonly Adoptee[];
  try {
    adoptees = await withOwnProcesses(looks, { ...way, local });
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    const { message, hint } = error;
    nothingWritten(seed, 'its hosts have to be reached', [hint === undefined ? message : `${message} (${hint})`]);
    return 4;
  }
  const adoption = adoptionOf(name, cluster, adoptees);
  write(adoption, options, local);
  output.line(`wrote ${to}: ${Object.keys(adoption.hosts).length} hosts, ${looks.length} nodes`);
  for (const warning of adoption.warnings) output.errorLine(sanitizeLine(`warning: ${warning}`));
  return await record(options);
}

function nothingWritten(seed: string, why: string, reasons: readonly string[]): void {
  output.errorLine(`${sanitizeLine(seed)}: nothing was written, since ${why}:`);
  for (const reason of reasons) output.errorLine(sanitizeLine(`  - ${reason}`));
}

function write({ hosts, vars }: Adoption, { to, seed, user, become }: AdoptOptions, local: boolean): void {
  const head = `# The cluster of ${seed.replace(/[^\w./:[\]-]/g, '')}, as it was found. Files and settings of its nodes are their owner's.\n`;
  const login = {
    ...(local ? { ansible_connection: 'local' } : {}),
    ...(user === undefined ? {} : { ansible_user: user }),
    ...(become ? { ansible_become: true } : {}),
  };
  const adopted = Object.fromEntries(Object.keys(hosts).map((host) => [host, null]));
  const inventory = { all: { children: { redis: { hosts }, redis_adopted: { hosts: adopted } } } };
  mkdirSync(join(to, 'group_vars'), { recursive: true, mode: 0o700 });
  writeFileSync(join(to, 'hosts.yml'), head + stringify(inventory));
  writeFileSync(join(to, 'group_vars', 'redis.yml'), head + SECRETS + stringify({ ...login, ...vars }));
}

const SECRETS = `# No secret is kept here: redis_password, redis_tls ({ca, cert, key}, PEM texts) and redis_renamed_commands ({CONFIG: NAME}) come
# with -e @secret.yml, or stand in group_vars/all.yml, sealed by rcdeploy vault encrypt.
`;

/** The record is written only when that is all that the playbook would change. */
async function record({ to, run }: AdoptOptions): Promise<number> {
  const flags: RunFlags = { ...run, inventory: [to] };
  const others: string[] = [];
  const watch = (event: RunEvent): void => {
    if (event.event !== 'result' || event.status !== 'changed') return;
    const changes = (event.diff ?? []).map(({ what }) => what).filter((what) => !what.startsWith('record of cluster'));
    others.push(...changes.map((what) => `${event.task}: ${what}`));
  };
  const planned = await runPlaybooks(['playbooks/cluster.yml'], { ...flags, check: true }, watch);
  if (planned !== 0 || others.length > 0) {
    for (const other of others) output.errorLine(sanitizeLine(`would change: ${other}`));
    output.errorLine(`the inventory ${to} stands; look at it, and at \`rcdeploy plan playbooks/cluster.yml -i ${to}\``);
    return planned === 0 ? 2 : planned;
  }
  return await runPlaybooks(['playbooks/cluster.yml'], flags);
}

function inputError(message: string, hint: string): InputError {
  return new InputError([{ severity: 'error', code: 'adopt', message, hint }]);
}
