import { join } from 'node:path';
import { TaskError } from '../../errors/errors.ts';
import { type HandOver, handOverCommand } from '../../redis/backup/hand-over.ts';
import type { BackedUpShard } from '../../redis/backup/manifest.ts';
import { queryOf } from '../../redis/cluster/topology.ts';
import { keyCount } from '../../redis/node/info.ts';
import type { ApplyContext } from '../contract.ts';
import { Loader, type LoaderPlace, replied } from './loader.ts';

export interface Restored {
  readonly keys: number;
  /** Those of the keys that end by themselves, some maybe before they are counted. */
  readonly expiring: number;
}

/** Loads every shard's file on some host and hands its keys over: hosts at once, the files of one host in turn. */
export async function restoreShards(
  shards: readonly BackedUpShard[],
  directory: string,
  places: readonly LoaderPlace[],
  handOver: HandOver,
  context: ApplyContext,
  stallMs: number,
): Promise<Restored> {
  const queues = places.map((place, index) => ({
    place,
    shards: shards.filter((_, shard) => shard % places.length === index),
  }));
  const outcomes = await Promise.allSettled(
    queues.map(async ({ place, shards: own }) => {
      const done: Restored[] = [];
      for (const shard of own) {
        done.push(await restoreShard(shard, join(directory, shard.file), place, handOver, context, stallMs));
      }
      return done;
    }),
  );
  const all = outcomes.flatMap((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
  return {
    keys: all.reduce((sum, { keys }) => sum + keys, 0),
    expiring: all.reduce((sum, { expiring }) => sum + expiring, 0),
  };
}

async function restoreShard(
  shard: BackedUpShard,
  file: string,
  place: LoaderPlace,
  handOver: HandOver,
  context: ApplyContext,
  stallMs: number,
): Promise<Restored> {
  const loader = new Loader(place, context, stallMs);
  try {
    const fields = await loader.load(shard, file);
    const databases = [...fields.keys()].filter((name) => /^db\d+$/.test(name));
    if (databases.some((name) => name !== 'db0')) {
      throw new TaskError(`${shard.file} holds keys in ${databases.join(', ')}; a cluster has db0 only`);
    }
    await handFunctionsOver(loader, handOver, context);
    const total = keyCount(fields);
    let keys = 0;
    let cursor = '0';
    do {
      const reply = replied(await loader.call(handOverCommand(cursor, handOver)), `keys of ${shard.file}`);
      const [next, count, problem] = Array.isArray(reply) ? reply : [];
      if (problem !== '')
        throw new TaskError(`keys of ${shard.file} were refused: ${String(problem)}`, { hint: AGAIN });
      keys += Number(count);
      cursor = String(next);
      context.progress(`handing over the keys of ${shard.file}: ${keys} of ${total}`);
    } while (cursor !== '0');
    return { keys, expiring: Number(/expires=(\d+)/.exec(fields.get('db0') ?? '')?.[1] ?? 0) };
  } finally {
    await loader.close();
  }
}

const AGAIN = 'put right what it says and run again: the same restore goes on from here';

/** Libraries of functions (7.0 and later) are of the whole cluster: every master gets those of every file. */
async function handFunctionsOver(loader: Loader, { masters }: HandOver, context: ApplyContext): Promise<void> {
  const listed = await loader.call(['FUNCTION', 'LIST', 'WITHCODE']);
  if (!Array.isArray(listed)) return;
  for (const library of listed) {
    const fields = Array.isArray(library) ? library : [];
    const code = fields[fields.indexOf('library_code') + 1];
    if (typeof code !== 'string') continue;
    for (const { node } of masters) {
      const answer = await context.query(queryOf(node, [['FUNCTION', 'LOAD', 'REPLACE', code]]));
      if (!answer.ok) throw new TaskError(`functions for ${node.host}:${node.port}: ${answer.message}`);
      replied(answer.replies[0], `functions for ${node.host}:${node.port}`);
    }
  }
}
