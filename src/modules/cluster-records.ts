import { TaskError } from '../errors/errors.ts';
import { type ClusterRecord, type DeclaredCluster, endpoint, nodeName } from '../redis/cluster/topology.ts';
import type { NodeView } from '../redis/node/observe.ts';
import {
  parseRecords,
  READ_RECORDS,
  recordContent,
  removeRecordScript,
  writeRecordScript,
} from '../state/cluster-record.ts';
import type { ApplyContext, Change, ReadAnswer } from './contract.ts';

export type Records = ReadonlyMap<string, readonly ClusterRecord[]>;

/** The question after the records on a host. */
export function recordsQuestion(host: string): { readonly host: string; readonly script: string } {
  return { host, script: READ_RECORDS };
}

export function recordsIn(answer: Pick<ReadAnswer, 'elsewhere'>, hosts: readonly string[]): Records {
  return new Map(hosts.map((host, index) => [host, parseRecords(answer.elsewhere?.[index]?.stdout ?? '')]));
}

/** What is to be written on one host, and the names of clusters that its nodes belong to no more. */
interface Rewrite {
  readonly host: string;
  readonly obsolete: readonly string[];
}

/** The record that belongs on every host of the cluster. */
function recordOf(cluster: DeclaredCluster, views: readonly NodeView[]): ClusterRecord {
  const nodes = views.flatMap((view) =>
    view.seen ? [{ host: view.node.host, port: view.node.port, address: view.node.address, id: view.self.id }] : [],
  );
  return { cluster: cluster.name, nodes: nodes.sort((a, b) => (nodeName(a) < nodeName(b) ? -1 : 1)) };
}

function rewritesOf(cluster: DeclaredCluster, views: readonly NodeView[], records: Records): Rewrite[] {
  const wanted = recordOf(cluster, views);
  const ids = new Set(wanted.nodes.map(({ id }) => id));
  const hosts = new Set(wanted.nodes.map(({ host }) => host));
  return [...hosts].flatMap((host) => {
    const found = records.get(host) ?? [];
    const ours = found.find((record) => record.cluster === cluster.name);
    const others = found.filter((record) => record.cluster !== cluster.name);
    const obsolete = others.filter(({ nodes }) => nodes.some(({ id }) => ids.has(id))).map((record) => record.cluster);
    const isRight = JSON.stringify(ours) === JSON.stringify(wanted);
    return isRight && obsolete.length === 0 ? [] : [{ host, obsolete }];
  });
}

/** The change that writing the records is, where they are not right. */
export function recordChanges(cluster: DeclaredCluster, views: readonly NodeView[], records: Records): Change[] {
  const hosts = rewritesOf(cluster, views, records).map(({ host }) => host);
  if (hosts.length === 0) return [];
  const before = hosts.some((host) => records.get(host)?.some((record) => record.cluster === cluster.name));
  return [
    {
      what: `record of cluster ${cluster.name} on ${hosts.join(', ')}`,
      before: before ? 'other nodes' : 'none',
      after: recordOf(cluster, views).nodes.map((node) => `${nodeName(node)} ${node.id}`),
    },
  ];
}

/** Writes the records that are not right; tells whether there were any. */
export async function writeRecords(
  cluster: DeclaredCluster,
  views: readonly NodeView[],
  records: Records,
  context: Pick<ApplyContext, 'stateOf'>,
): Promise<boolean> {
  const rewrites = rewritesOf(cluster, views, records);
  const content = recordContent(recordOf(cluster, views));
  await Promise.all(
    rewrites.map(async ({ host, obsolete }) => {
      const scripts = [writeRecordScript(cluster.name, content.length), ...obsolete.map(removeRecordScript)];
      const reply = await context.stateOf(host).sh(scripts.join('\n'), { stdin: content });
      if (reply.rc !== 0)
        throw new TaskError(`the cluster could not be recorded on ${host}: ${reply.stderr.trim()}`, {
          hint: 'the cluster itself is as the steps say; the state directory of rcdeploy on the host must be writable',
        });
    }),
  );
  return rewrites.length > 0;
}

/** Hosts that still hold a record of the cluster. */
export function hostsWithRecord(cluster: DeclaredCluster, records: Records): string[] {
  return [...records].flatMap(([host, found]) => (found.some((one) => one.cluster === cluster.name) ? [host] : []));
}

export async function removeRecords(
  cluster: DeclaredCluster,
  records: Records,
  context: Pick<ApplyContext, 'stateOf'>,
): Promise<void> {
  await Promise.all(
    hostsWithRecord(cluster, records).map(async (host) => {
      const reply = await context.stateOf(host).sh(removeRecordScript(cluster.name));
      if (reply.rc !== 0) throw new TaskError(`the record on ${host} could not be removed: ${reply.stderr.trim()}`);
    }),
  );
}

/** A node that does not run cannot say whose it is: the records on its host may. */
export function recordedForOthers(cluster: DeclaredCluster, views: readonly NodeView[], records: Records): string[] {
  return views.flatMap((view) => {
    if (view.seen) return [];
    const { node } = view;
    const holders = (records.get(node.host) ?? []).filter(({ nodes }) =>
      nodes.some((one) => one.port === node.port && (one.address === node.address || one.host === node.host)),
    );
    const other = holders.find((record) => record.cluster !== cluster.name);
    if (!other || holders.some((record) => record.cluster === cluster.name)) return [];
    return [
      `${nodeName(node)} (${endpoint(node)}) belongs to the cluster "${other.cluster}", not to "${cluster.name}": the record on ${node.host} says so`,
    ];
  });
}
