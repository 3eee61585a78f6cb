import type { ClusterPicture, PicturedNode } from './cluster-picture.ts';

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** The pictures in Prometheus's text format, for a node exporter's textfile collector or a scrape by a script. */
export function metricsText(pictures: readonly ClusterPicture[]): string {
  const of = (value: (node: PicturedNode) => number | null): Sample[] =>
    pictures.flatMap(({ name: cluster, nodes }) =>
      nodes.flatMap((node): Sample[] => {
        const found = value(node);
        return found === null ? [] : [[{ cluster, ...labelsOf(node) }, found]];
      }),
    );
  const seen = (node: PicturedNode, value: number | null): number | null => (node.role === null ? null : value);
  return [
    gauge(
      'ok',
      'Whether a check finds nothing wrong.',
      pictures.map(({ name: cluster, findings }) => [{ cluster }, Number(findings.length === 0)]),
    ),
    gauge('findings', 'What a check finds wrong, by kind.', pictures.flatMap(findingsOf)),
    gauge('slots', 'Hash slots by condition.', pictures.flatMap(slotsOf)),
    gauge(
      'slots_agreed',
      'Whether all nodes agree on who owns which slots.',
      pictures.map(({ name: cluster, agreed }) => [{ cluster }, Number(agreed)]),
    ),
    gauge(
      'node_up',
      'Whether the node answers.',
      of(({ role }) => Number(role !== null)),
    ),
    gauge(
      'node_state_ok',
      'Whether the node says cluster_state:ok.',
      of((node) => seen(node, Number(node.state_ok))),
    ),
    gauge(
      'node_master',
      'Whether the node is a master.',
      of((node) => seen(node, Number(node.role === 'master'))),
    ),
    gauge(
      'node_slots',
      'Slots that the node owns.',
      of((node) => seen(node, node.slot_count)),
    ),
    gauge(
      'node_keys',
      'Keys that the node holds.',
      of((node) => seen(node, node.keys)),
    ),
    gauge(
      'node_memory_bytes',
      'Memory that the node uses.',
      of(({ memory }) => memory),
    ),
    gauge(
      'node_memory_max_bytes',
      'Its maxmemory; 0 is no limit.',
      of(({ max_memory }) => max_memory),
    ),
    gauge(
      'node_clients',
      'Connected clients.',
      of(({ clients }) => clients),
    ),
    gauge(
      'node_uptime_seconds',
      'Time since the process began.',
      of(({ uptime }) => uptime),
    ),
    gauge(
      'replica_link_up',
      'Whether the replica is linked.',
      of(({ link }) => (link === null ? null : Number(link === 'up'))),
    ),
    gauge(
      'replica_lag_bytes',
      'Writes of its master that the replica has not got yet.',
      of(({ lag }) => lag),
    ),
  ].join('');
}

function findingsOf({ name: cluster, findings }: ClusterPicture): Sample[] {
  const counts = new Map<string, number>();
  for (const { code } of findings) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [...counts].map(([code, count]) => [{ cluster, code }, count]);
}

function slotsOf({ name: cluster, covered, open }: ClusterPicture): Sample[] {
  const opened = open.reduce((sum, { slots }) => sum + slots.length, 0);
  return [
    [{ cluster, condition: 'covered' }, covered],
    [{ cluster, condition: 'uncovered' }, 16384 - covered],
    [{ cluster, condition: 'open' }, opened],
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): string {
  const full = `rcdeploy_cluster_${name}`;
  const lines = samples.map(([labels, value]) => {
    const inner = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return `${full}{${inner.join(',')}} ${value}`;
  });
  return `${[`# HELP ${full} ${help}`, `# TYPE ${full} gauge`, ...lines].join('\n')}\n`;
}

function labelsOf({ name, zone }: PicturedNode): Record<string, string> {
  return { node: name, ...(zone === null ? {} : { zone }) };
}

/** The format's own escapes; other control characters cannot break a line. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
