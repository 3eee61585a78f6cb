import { countSlots, mergeRanges, rangesOf, SLOT_COUNT, type SlotRange, slotsOf } from '../slots/slots.ts';

export const MANIFEST_FILE = 'manifest.json';
const FORMAT = 1;

/** One shard of a backup: the file of its keys, and where it came from. */
export interface BackedUpShard {
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly rdb_version: number;
  /** `0-5460,9000` */
  readonly slots: string;
  readonly keys: number;
  readonly used_memory: number;
  readonly master: BackedUpNode;
  /** The node that wrote the file: the master, or a replica that had all of the master's writes when the backup began. */
  readonly source: BackedUpNode;
}

export interface BackedUpNode {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly flavor: 'redis' | 'valkey';
  readonly version: string;
}

/** What makes a directory a backup: without it, nothing in there counts. */
export interface Manifest {
  readonly format: typeof FORMAT;
  readonly cluster: string;
  readonly started: string;
  readonly finished: string;
  readonly shards: readonly BackedUpShard[];
}

export function manifestOf(cluster: string, started: Date, finished: Date, shards: readonly BackedUpShard[]): Manifest {
  return { format: FORMAT, cluster, started: started.toISOString(), finished: finished.toISOString(), shards };
}

export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Reads a manifest and throws an Error with the first thing that is wrong with it. */
export function parseManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`it is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const top = record(value, 'the manifest');
  if (top.format !== FORMAT) throw new Error(`its format is ${JSON.stringify(top.format)}; known is ${FORMAT}`);
  if (!Array.isArray(top.shards) || top.shards.length === 0) throw new Error('it names no shards');
  const shards = top.shards.map((shard, index) => shardOf(shard, `shard ${index + 1}`));
  checkSlots(shards);
  const cluster = textIn(top, 'cluster', 'the manifest');
  const [started, finished] = [textIn(top, 'started', 'the manifest'), textIn(top, 'finished', 'the manifest')];
  return { format: FORMAT, cluster, started, finished, shards };
}

/** A backup holds every slot exactly once, or it is none of a whole cluster. */
function checkSlots(shards: readonly BackedUpShard[]): void {
  const all = shards.flatMap(({ slots }) => parseSlots(slots));
  const covered = countSlots(mergeRanges(all));
  if (countSlots(all) !== covered) throw new Error('a slot belongs to several of its shards');
  if (covered !== SLOT_COUNT) throw new Error(`its shards hold ${covered} of ${SLOT_COUNT} slots`);
}

function parseSlots(text: string): SlotRange[] {
  const ranges = [...text.matchAll(/(\d+)(?:-(\d+))?/g)].map(
    ([, first, last]): SlotRange => [Number(first), Number(last ?? first)],
  );
  return rangesOf(slotsOf(ranges.filter(([first, last]) => first <= last && last < SLOT_COUNT)));
}

function shardOf(value: unknown, what: string): BackedUpShard {
  const shard = record(value, what);
  const file = textIn(shard, 'file', what);
  // The manifest may come from anywhere: no file outside of its own directory.
  if (!/^[\w.-]+\.rdb$/.test(file)) throw new Error(`${what}: ${JSON.stringify(file)} is no name of an RDB file`);
  const sha256 = textIn(shard, 'sha256', what);
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Error(`${what}: its sha256 is no digest`);
  const count = (name: string): number => countIn(shard, name, what);
  return {
    file,
    sha256,
    bytes: count('bytes'),
    rdb_version: count('rdb_version'),
    slots: textIn(shard, 'slots', what),
    keys: count('keys'),
    used_memory: count('used_memory'),
    master: nodeOf(shard.master, `${what}, master`),
    source: nodeOf(shard.source, `${what}, source`),
  };
}

function nodeOf(value: unknown, what: string): BackedUpNode {
  const node = record(value, what);
  const { flavor } = node;
  if (flavor !== 'redis' && flavor !== 'valkey') throw new Error(`${what}: flavor is neither redis nor valkey`);
  return {
    id: textIn(node, 'id', what),
    host: textIn(node, 'host', what),
    port: countIn(node, 'port', what),
    flavor,
    version: textIn(node, 'version', what),
  };
}

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} is no object`);
  return value as Record<string, unknown>;
}

function textIn(from: Readonly<Record<string, unknown>>, name: string, what: string): string {
  const value = from[name];
  if (typeof value !== 'string') throw new Error(`${what} has no text ${name}`);
  return value;
}

function countIn(from: Readonly<Record<string, unknown>>, name: string, what: string): number {
  const value = from[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new Error(`${what} has no number ${name}`);
  }
  return value;
}
