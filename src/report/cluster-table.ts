import type { ClusterPicture, PicturedNode } from './cluster-picture.ts';
import { createPalette } from './palette.ts';
import { sanitizeLine } from './sanitize.ts';
import { count } from './words.ts';

const SLOTS = 16384;
const HEADINGS = ['NODE', 'ROLE', 'SLOTS', 'KEYS', 'MEMORY', 'CLIENTS', 'LINK', 'VERSION', 'UP', 'ZONE'];

/** A line for each node, replicas below their master, and then the verdict. */
export function tableLines(picture: ClusterPicture, colour: boolean): string[] {
  const paint = createPalette(colour);
  const rows = inShards(picture.nodes).map(cellsOf);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(
      heading.length,
      ...rows.map(({ cells }) => (cells.length > 3 || column < 1 ? (cells[column] ?? '').length : 0)),
    ),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  return [
    paint.bold(line(HEADINGS)),
    ...rows.map(({ cells, bad }) => (bad ? paint.bad(line(cells)) : line(cells))),
    '',
    ...verdict(picture).map(({ text, bad }) => (bad ? paint.bad(text) : paint.good(text))),
  ];
}

function inShards(nodes: readonly PicturedNode[]): PicturedNode[] {
  const masters = nodes.filter(({ role }) => role === 'master');
  const sorted = masters.flatMap((master) => [master, ...nodes.filter(({ master_id }) => master_id === master.id)]);
  return [...sorted, ...nodes.filter((node) => !sorted.includes(node))];
}

function cellsOf(node: PicturedNode): { cells: string[]; bad: boolean } {
  const name = sanitizeLine(`${node.role === 'replica' ? '  ' : ''}${node.name}`);
  if (node.role === null) return { cells: [name, '-', sanitizeLine(node.problem ?? 'gives no answer')], bad: true };
  const isMaster = node.role === 'master';
  const link = node.link === 'up' ? (node.lag ? `${bytes(node.lag)} behind` : 'up') : (node.link ?? '');
  const cells = [
    name,
    node.role,
    isMaster ? `${node.slot_count}` : '',
    String(node.keys),
    node.memory === null ? '' : bytes(node.memory) + (node.max_memory ? ` of ${bytes(node.max_memory)}` : ''),
    String(node.clients ?? ''),
    link,
    node.version ?? '',
    node.uptime === null ? '' : duration(node.uptime),
    node.zone ?? '',
  ];
  return { cells: cells.map(sanitizeLine), bad: node.link === 'down' || !node.state_ok };
}

function verdict(picture: ClusterPicture): { text: string; bad: boolean }[] {
  const masters = picture.nodes.filter(({ role }) => role === 'master').length;
  const head = `cluster ${picture.name}: ${count(picture.nodes.length, 'node')}, ${count(masters, 'master')}, ${picture.covered} of ${SLOTS} slots covered`;
  const wrong = picture.findings.length;
  const lines = [
    { text: sanitizeLine(`${head}${wrong === 0 ? ', all is well' : `, ${count(wrong, 'finding')}`}`), bad: wrong > 0 },
  ];
  return [...lines, ...picture.findings.map(({ message }) => ({ text: sanitizeLine(`  - ${message}`), bad: true }))];
}

function bytes(value: number): string {
  const units = ['B', 'K', 'M', 'G', 'T'];
  let scaled = value;
  let unit = 0;
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return `${unit === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)}${units[unit]}`;
}

function duration(seconds: number): string {
  const [days, hours, minutes] = [seconds / 86400, (seconds / 3600) % 24, (seconds / 60) % 60].map(Math.floor);
  if (days) return `${days}d${hours}h`;
  if (hours) return `${hours}h${minutes}m`;
  return minutes ? `${minutes}m${seconds % 60}s` : `${seconds}s`;
}
