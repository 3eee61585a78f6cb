import { TaskError } from '../../errors/errors.ts';
import { place as nameOf } from '../cluster/classify.ts';
import type { DeclaredNode } from '../cluster/topology.ts';
import type { Command, EncodedWords } from '../node/contract.ts';
import { decodeWords, encodeWords, errorIn } from '../node/resp.ts';
import { settleBusyKeys } from './busy-keys.ts';
import type { Mover } from './mover.ts';
import { bytes, StaleError } from './node-links.ts';

/** Where keys go from and to. */
export interface Route {
  readonly from: string;
  readonly to: string;
  /** The slots were opened by this run, on nodes that have kept their roles since: what the giver has is at least as new. */
  readonly fresh: boolean;
}

/** Keys that go in one MIGRATE. */
export interface Chunk {
  readonly slot: number;
  readonly keys: EncodedWords;
  /** What they take, 0 where it was not asked. */
  readonly bytes: number;
}

/** A MIGRATE blocks both servers; this is for what they say to each other, not for how long a client may wait. */
const BASE_TIMEOUT_MS = 10_000;
/** A key of a gigabyte gets a quarter of an hour more. */
const BYTES_PER_MS = 1024;
const RETRY_MS = 100;
const MAX_ATTEMPTS = 6;

const SOON = /CLUSTERDOWN|TRYAGAIN|LOADING|MASTERDOWN|NOREPLICAS/;
const CHANGED = /READONLY|MOVED|ASK |not the owner/;

/**
 * Moves the keys of a chunk, whatever number of tries it takes; an unknown outcome is looked at, since OK or NOKEY both mean gone. Gives how
 * many keys the slot has left, undefined where that is not known.
 */
export async function migrate(mover: Mover, route: Route, chunk: Chunk): Promise<number | undefined> {
  const since = mover.io.now();
  for (let attempt = 1; ; ) {
    const timeoutMs = (BASE_TIMEOUT_MS + chunk.bytes / BYTES_PER_MS) * attempt;
    const [reply, left] = await mover.links.send(
      route.from,
      [
        migrateCommand(mover.links.view(route.to).node, [chunk.keys], timeoutMs),
        ['CLUSTER', 'COUNTKEYSINSLOT', String(chunk.slot)],
      ],
      timeoutMs * 3,
    );
    const error = errorIn(reply);
    if (error === undefined) return typeof left === 'number' ? left : undefined;
    if (error.includes('BUSYKEY')) {
      await settleBusyKeys(mover, route, chunk, timeoutMs);
      return undefined;
    }
    if (CHANGED.test(error)) throw new StaleError(`${nameOf(mover.links.view(route.from))}: MIGRATE: ${error}`);
    const again = error.startsWith('IOERR')
      ? attempt < MAX_ATTEMPTS
      : SOON.test(error) && mover.io.now() - since < mover.stallMs;
    if (!again) throw failure(mover, route, chunk, error);
    mover.pace.slowDown();
    if (error.startsWith('IOERR')) {
      attempt += 1;
      if (chunk.keys.count > 1) return await migrateHalves(mover, route, chunk);
    }
    await mover.io.sleep(RETRY_MS);
  }
}

/** A time-out may be for the size: the halves have half of it. */
async function migrateHalves(
  mover: Mover,
  route: Route,
  { slot, keys, bytes: size }: Chunk,
): Promise<number | undefined> {
  const words = decodeWords(keys);
  const middle = Math.ceil(words.length / 2);
  const [first, second] = [encodeWords(words.slice(0, middle)), encodeWords(words.slice(middle))];
  await migrate(mover, route, { slot, keys: first, bytes: size });
  return await migrate(mover, route, { slot, keys: second, bytes: size });
}

export function migrateCommand(to: DeclaredNode, keys: Command, timeoutMs: number, replace = false): Command {
  const { auth } = to;
  const login =
    auth === undefined
      ? []
      : auth.username === undefined
        ? ['AUTH', auth.password]
        : ['AUTH2', auth.username, auth.password];
  const words = ['MIGRATE', to.address, String(to.port), '', '0', String(Math.round(timeoutMs))];
  return [...words, ...(replace ? ['REPLACE'] : []), ...login.map(bytes), 'KEYS', ...keys];
}

function failure(mover: Mover, route: Route, { slot }: Chunk, error: string): TaskError {
  const [from, to] = [mover.links.view(route.from), mover.links.view(route.to)];
  const what = `moving keys of slot ${slot} from ${nameOf(from)} to ${nameOf(to)}: ${error}`;
  if (error.includes('OOM'))
    return new TaskError(what, { hint: `raise maxmemory of ${nameOf(to)}, or give it a smaller weight` });
  const access = /NOAUTH|WRONGPASS|NOPERM|invalid password/.test(error);
  return new TaskError(
    what,
    access ? { hint: `${nameOf(from)} logs in to ${nameOf(to)} with that one's password` } : {},
  );
}
