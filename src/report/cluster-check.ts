import { type ClusterPicture, mastersOf, type PicturedNode } from './cluster-picture.ts';
import { sanitizeLine } from './sanitize.ts';

const SLOTS = 16384;

/** What `redis-cli --cluster info` prints. */
export function infoLines(picture: ClusterPicture): string[] {
  const masters = mastersOf(picture);
  const keys = masters.reduce((sum, node) => sum + node.keys, 0);
  const lines = masters.map(
    (node) =>
      `${node.endpoint} (${node.id?.slice(0, 8)}...) -> ${node.keys} keys | ${node.slot_count} slots | ${node.replicas} slaves.`,
  );
  const average = (keys / SLOTS).toFixed(2);
  return [...lines, `[OK] ${keys} keys in ${masters.length} masters.`, `${average} keys per slot on average.`].map(
    sanitizeLine,
  );
}

/** What `redis-cli --cluster check` prints, and then all that it does not look at. */
export function checkLines(picture: ClusterPicture): string[] {
  const answering = picture.nodes.filter(({ role }) => role !== null);
  return [
    ...infoLines(picture),
    `>>> Performing Cluster Check (using ${picture.through})`,
    ...answering.flatMap((node) => nodeLines(node, picture)),
    picture.agreed ? '[OK] All nodes agree about slots configuration.' : "[ERR] Nodes don't agree about configuration!",
    '>>> Check for open slots...',
    ...openLines(picture),
    '>>> Check slots coverage...',
    picture.covered === SLOTS
      ? `[OK] All ${SLOTS} slots covered.`
      : `[ERR] Not all ${SLOTS} slots are covered by nodes.`,
    ">>> Check every node in every other node's view...",
    ...(picture.findings.length === 0
      ? [`[OK] All ${picture.nodes.length} nodes are as they should be.`]
      : picture.findings.map(({ message }) => `[ERR] ${message}`)),
    ">>> Check the servers' versions for published flaws...",
    ...flawLines(picture),
  ].map(sanitizeLine);
}

/** A warning at most: what a distribution has mended keeps its version number. */
function flawLines({ flaws, flaws_known_until }: ClusterPicture): string[] {
  if (flaws.length === 0) return [`[OK] None that was published until ${flaws_known_until}.`];
  return flaws.map(({ version, nodes, ids, mended }) => {
    const where = nodes.length > 2 ? `${nodes.length} nodes` : nodes.join(', ');
    const remedy = mended === null ? '' : `; ${mended} has none of them`;
    return `[WARNING] ${version} (${where}) has ${ids.join(', ')}, as published until ${flaws_known_until}, unless who built it mended that${remedy}.`;
  });
}

function nodeLines(node: PicturedNode, picture: ClusterPicture): string[] {
  const head = `${node.role === 'master' ? 'M' : 'S'}: ${node.id} ${node.endpoint}`;
  if (node.role !== 'master') return [head, '   slots: (0 slots) slave', `   replicates ${node.master_id}`];
  const replicas = picture.nodes.filter(({ master_id }) => master_id === node.id).length;
  const ranges =
    node.slots === ''
      ? ''
      : node.slots
          .split(',')
          .map((range) => `[${range}]`)
          .join(',');
  const lines = [head, `   slots:${ranges || ' '}${ranges === '' ? '' : ' '}(${node.slot_count} slots) master`];
  return replicas === 0 ? lines : [...lines, `   ${replicas} additional replica(s)`];
}

function openLines({ open }: ClusterPicture): string[] {
  if (open.length === 0) return [];
  const all = [...new Set(open.flatMap(({ slots }) => slots))].sort((a, b) => a - b);
  return [
    ...open.map(
      ({ endpoint, state, slots }) => `[WARNING] Node ${endpoint} has slots in ${state} state ${slots.join(',')}.`,
    ),
    `[WARNING] The following slots are open: ${all.join(',')}.`,
  ];
}
