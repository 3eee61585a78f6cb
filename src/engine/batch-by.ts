import { formatSpan } from '../errors/diagnostic.ts';
import { TaskError } from '../errors/errors.ts';
import type { Play } from '../playbook/contract.ts';
import type { HostState } from './host-state.ts';

type Named = Pick<HostState, 'name'>;

/** A host's variable, rendered; undefined where it has none of the name. */
type VariableOf<H> = (host: H, name: string) => unknown;

type Words<H> = (host: H, name: 'shard' | 'role') => readonly string[];

/** Groups of hosts of which `serial` cuts batches: by `zone`, apart by `shard`, or replicas before masters. */
export function groupHosts<H extends Named>(
  play: Pick<Play, 'batchBy' | 'span'>,
  hosts: readonly H[],
  variable: VariableOf<H>,
): H[][] {
  const words: Words<H> = (host, name) => {
    const { list, problem } = wordsOf(name, variable(host, name));
    if (problem === undefined) return list;
    const hint =
      "set it in the inventory, or by set_fact in an earlier play: redis_info tells nodes' roles and masters";
    throw new TaskError(`${formatSpan(play.span)}: batch_by: ${play.batchBy}: host ${host.name} ${problem}; ${hint}`);
  };
  switch (play.batchBy) {
    case undefined:
      return [[...hosts]];
    case 'zone':
      return together(hosts, (host) => String(variable(host, 'zone') ?? host.name));
    case 'shard':
      return apart(hosts, words);
    case 'role': {
      const masters = new Set(hosts.filter((host) => words(host, 'role').includes('master')));
      const replicas = hosts.filter((host) => !masters.has(host));
      return [...apart(replicas, words), ...apart([...masters], words)];
    }
  }
}

function together<H>(hosts: readonly H[], nameOf: (host: H) => string): H[][] {
  const groups = new Map<string, H[]>();
  for (const host of hosts) {
    const name = nameOf(host);
    groups.set(name, [...(groups.get(name) ?? []), host]);
  }
  return [...groups.values()];
}

/** As few groups as first fit gives, in order, none with two hosts of one shard. */
function apart<H>(hosts: readonly H[], words: Words<H>): H[][] {
  const groups: { readonly hosts: H[]; readonly shards: Set<string> }[] = [];
  for (const host of hosts) {
    const shards = words(host, 'shard');
    let group = groups.find((one) => !shards.some((shard) => one.shards.has(shard)));
    if (group === undefined) {
      group = { hosts: [], shards: new Set() };
      groups.push(group);
    }
    group.hosts.push(host);
    for (const shard of shards) group.shards.add(shard);
  }
  return groups.map((group) => group.hosts);
}

/** A host with several nodes has a list. One that tells nothing could be of any shard: a guess might take a second node of it. */
function wordsOf(name: 'shard' | 'role', value: unknown): { list: string[]; problem?: string } {
  const values: readonly unknown[] = Array.isArray(value)
    ? value
    : value === undefined || value === null
      ? []
      : [value];
  if (values.length === 0) return { list: [], problem: `has no variable '${name}'` };
  const list = values.map(String);
  if (values.some((one) => typeof one !== 'string' && typeof one !== 'number')) {
    return { list, problem: `has a variable '${name}' that is neither text nor a list of texts` };
  }
  const wrong = list.find((word) => name === 'role' && word !== 'master' && word !== 'replica');
  return wrong === undefined ? { list } : { list, problem: `has role '${wrong}', which is neither master nor replica` };
}
