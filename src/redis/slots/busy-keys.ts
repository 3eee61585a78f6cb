import { TaskError } from '../../errors/errors.ts';
import { place as nameOf } from '../cluster/classify.ts';
import type { RespValue } from '../node/contract.ts';
import { decodeWords, errorIn } from '../node/resp.ts';
import { type Chunk, migrateCommand, type Route } from './migrate-keys.ts';
import type { Mover } from './mover.ts';
import { StaleError } from './node-links.ts';

/** Values above this are not compared: they are taken for different. */
const COMPARED_BYTES = 8 * 1024 * 1024;

/**
 * A MIGRATE that was cut off leaves its keys on both sides. A copy that is equal is replaced; one that differs only where the
 * giver's is known to be the newer: it has served the slot in the same role all the time.
 */
export async function settleBusyKeys(mover: Mover, route: Route, chunk: Chunk, timeoutMs: number): Promise<void> {
  const { node } = mover.links.view(route.to);
  for (const key of decodeWords(chunk.keys)) {
    const move = async (replace: boolean): Promise<string | undefined> => {
      const command = migrateCommand(node, [key], timeoutMs, replace);
      const [reply] = await mover.links.send(route.from, [command], timeoutMs * 3);
      return errorIn(reply);
    };
    let error = await move(false);
    if (error?.includes('BUSYKEY')) {
      if (!route.fresh && !(await isEqual(mover, route, key))) throw conflict(mover, route, chunk.slot, key);
      error = await move(true);
    }
    if (error !== undefined) throw new StaleError(`moving a key of slot ${chunk.slot}: ${error}`);
  }
}

async function isEqual(mover: Mover, route: Route, key: string): Promise<boolean> {
  const ask = async (name: string): Promise<RespValue[]> => {
    const commands = [
      ['MEMORY', 'USAGE', key],
      ['PTTL', key],
      ['TYPE', key],
      ['DUMP', key],
    ];
    const [size] = await mover.links
      .send(name, [['ASKING'], ['MEMORY', 'USAGE', key]])
      .then((replies) => replies.slice(1));
    if (typeof size !== 'number' || size > COMPARED_BYTES) return [null];
    const replies = await mover.links.send(
      name,
      commands.flatMap((command) => [['ASKING'], command]),
    );
    return replies.filter((_, index) => index % 2 === 1).slice(1);
  };
  const [mine, theirs] = [await ask(route.from), await ask(route.to)];
  if (mine.some((reply) => reply === null || errorIn(reply) !== undefined)) return false;
  const [[ttl, type, dump], [otherTtl, otherType, otherDump]] = [mine, theirs];
  if (type !== otherType || Number(ttl) < 0 !== Number(otherTtl) < 0) return false;
  return dump === otherDump || (await haveEqualMembers(mover, route, key, String(type)));
}

/** Members in no order are dumped in any: the two may be equal all the same. */
async function haveEqualMembers(mover: Mover, route: Route, key: string, type: string): Promise<boolean> {
  const command = { set: ['SMEMBERS', key], hash: ['HGETALL', key], zset: ['ZRANGE', key, '0', '-1', 'WITHSCORES'] }[
    type
  ];
  if (!command) return false;
  const members = async (name: string): Promise<string> => {
    const [, reply] = await mover.links.send(name, [['ASKING'], command]);
    const words = Array.isArray(reply) ? reply.map(String) : [];
    const entries =
      type === 'set'
        ? words
        : words.flatMap((word, index) => (index % 2 ? [] : [JSON.stringify([word, words[index + 1]])]));
    return JSON.stringify(entries.sort());
  };
  return (await members(route.from)) === (await members(route.to));
}

function conflict(mover: Mover, route: Route, slot: number, key: string): TaskError {
  const [from, to] = [mover.links.view(route.from), mover.links.view(route.to)].map(nameOf);
  const shown = JSON.stringify(Buffer.from(key, 'latin1').toString('utf8'));
  return new TaskError(
    `key ${shown} of slot ${slot} is on ${from} and on ${to} with different values, and nothing tells which is the newer; both are kept and the slot stays open`,
    { hint: `delete the one that is not wanted (redis-cli on ${to}: ASKING, then DEL), and run this again` },
  );
}
