import { writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { stringify } from 'yaml';
import type { Lab, LabHost } from '../../src/lab/contract.ts';
import { type Finished, failures, rcdeploy } from '../main-job/rcdeploy.ts';

export const CLI = '/opt/redis/current/bin/redis-cli -p 6379';
/** Short enough for tests to wait for failovers. */
const NODE_TIMEOUT_MS = 2000;

/** Groups of hosts by name; `name` is the cluster's. */
export interface Site {
  readonly redis: readonly string[];
  readonly redis_lost?: readonly string[];
  readonly name?: string;
  readonly vars?: Readonly<Record<string, unknown>>;
}

/** An inventory of a lab's hosts as an operator would keep it, in a directory of its own. */
export function inventoryOf(lab: Lab, file: string, site: Site): string {
  const group = (names: readonly string[]) => ({
    hosts: Object.fromEntries(
      names.map((name) => [name, { ansible_host: lab.host(name).address, zone: lab.host(name).zone }]),
    ),
  });
  const vars = {
    ansible_user: 'root',
    ansible_ssh_private_key_file: lab.keyFile,
    // A host that was powered off says nothing at all.
    ansible_ssh_common_args: `-o UserKnownHostsFile=${lab.knownHostsFile} -o ConnectTimeout=2`,
    redis_node_timeout: NODE_TIMEOUT_MS,
    redis_cluster_name: site.name ?? 'main',
    ...site.vars,
  };
  const children = { redis: group(site.redis), ...(site.redis_lost && { redis_lost: group(site.redis_lost) }) };
  const path = `${lab.dir}/${file}.yml`;
  writeFileSync(path, stringify({ all: { vars, children } }));
  return path;
}

export async function succeeds(...args: string[]): Promise<Finished> {
  const run = await rcdeploy(...args);
  expect(run.exit, failures(run)).toBe(0);
  return run;
}

/** Commands of one kind that nodes were ever sent: what a refused run must not add to. */
const COUNTED = 'meet|forget|reset|flushall|addslots|setslot|replicate|failover|set-config-epoch';

/** How often each node was sent a step that changes a cluster, as the servers themselves counted. */
export async function stepsSent(hosts: readonly LabHost[]): Promise<string[]> {
  const script = `${CLI} info commandstats | grep -E '${COUNTED}' | sed 's/,.*//' | sort`;
  return await Promise.all(hosts.map(async (host) => `${host.name} ${(await host.exec(script)).stdout}`));
}

/** Waits on the host itself until its node says so. */
export async function untilNode(host: LabHost, command: string, pattern: string): Promise<void> {
  const script = `until ${CLI} ${command} | grep -qE '${pattern}'; do sleep 0.05; done`;
  const { rc } = await host.exec(script, { timeoutMs: 30_000 });
  expect(rc, `${host.name}: ${command} never matched ${pattern}`).toBe(0);
}
