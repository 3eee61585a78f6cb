import { TaskError } from '../../errors/errors.ts';
import type { ShardSource } from '../../redis/backup/sources.ts';
import { place as nameOf } from '../../redis/cluster/classify.ts';
import { nodeName, queryOf } from '../../redis/cluster/topology.ts';
import type { RespValue } from '../../redis/node/contract.ts';
import { type InfoFields, infoNumber, keyCount, parseInfo } from '../../redis/node/info.ts';
import { type SeenNode, said } from '../../redis/node/observe.ts';
import type { ApplyContext } from '../contract.ts';
import { ProgressWatch } from '../progress-watch.ts';

/** A file that a node has just written, and what the node said of its keys then. */
export interface Saved {
  readonly directory: string;
  readonly file: string;
  readonly keys: number;
  readonly usedMemory: number;
}

const POLL_MS = 200;

/** Has a node write its keys to its RDB file. Ends when that is done, or when it makes no progress. */
export async function save({ master, source }: ShardSource, context: ApplyContext, stallMs: number): Promise<Saved> {
  const { directory, file } = await whereItSaves(source, context);
  if (source !== master) await awaitOffset(source, await offsetOf(master, context), context, stallMs);
  await begin(source, context, stallMs);
  const fields = await awaitSaved(source, context, stallMs);
  return { directory, file, keys: keyCount(fields), usedMemory: infoNumber(fields, 'used_memory') ?? 0 };
}

export async function whereItSaves(view: SeenNode, context: ApplyContext): Promise<Pick<Saved, 'directory' | 'file'>> {
  const replies = await ask(view, [CONFIG_DIR, CONFIG_FILE], context);
  const [dir, file] = replies.map((reply) => (Array.isArray(reply) ? String(reply[1] ?? '') : ''));
  if (!dir || !file || file.includes('/')) {
    throw new TaskError(`${nameOf(view)} does not tell where it saves its keys: CONFIG GET said ${said(replies[0])}`, {
      hint: 'the user of the task needs CONFIG GET, BGSAVE and INFO',
    });
  }
  return { directory: dir, file };
}

const CONFIG_DIR = ['CONFIG', 'GET', 'dir'];
const CONFIG_FILE = ['CONFIG', 'GET', 'dbfilename'];

async function offsetOf(master: SeenNode, context: ApplyContext): Promise<number> {
  return infoNumber(await infoOf(master, context), 'master_repl_offset') ?? 0;
}

/** A write that was acknowledged before the backup began is in the file, also when a replica writes it. */
async function awaitOffset(replica: SeenNode, offset: number, context: ApplyContext, stallMs: number): Promise<void> {
  const watch = new ProgressWatch(stallMs);
  for (;;) {
    const own = infoNumber(await infoOf(replica, context), 'slave_repl_offset') ?? 0;
    if (own >= offset) return;
    if (watch.stalledAt(String(own))) {
      throw new TaskError(`${nameOf(replica)} stays ${offset - own} bytes behind its master`, {
        hint: 'from: master takes the master itself',
      });
    }
    context.progress(`waiting for ${nodeName(replica.node)} to catch up: ${offset - own} bytes`);
    await context.sleep(POLL_MS);
  }
}

/** A save or a rewrite that runs already began before the backup did: its end is waited for, and another one asked for. */
async function begin(view: SeenNode, context: ApplyContext, stallMs: number): Promise<void> {
  const watch = new ProgressWatch(stallMs);
  for (;;) {
    const [reply] = await ask(view, [['BGSAVE']], context);
    if (typeof reply === 'string') return;
    if (!/in progress|AOF|child process/i.test(said(reply))) {
      throw new TaskError(`${nameOf(view)} refused to save its keys: ${said(reply)}`);
    }
    if (watch.stalledAt(pulseOf(await infoOf(view, context)))) {
      throw new TaskError(`${nameOf(view)} does not come to save its keys: ${said(reply)}`);
    }
    context.progress(`waiting for ${nodeName(view.node)}: ${said(reply)}`);
    await context.sleep(POLL_MS);
  }
}

async function awaitSaved(view: SeenNode, context: ApplyContext, stallMs: number): Promise<InfoFields> {
  const watch = new ProgressWatch(stallMs);
  for (;;) {
    const fields = await infoOf(view, context);
    if (fields.get('rdb_bgsave_in_progress') !== '1') {
      if (fields.get('rdb_last_bgsave_status') === 'ok') return fields;
      throw new TaskError(`${nameOf(view)} could not save its keys`, {
        hint: 'its log says why; a full disk and too little memory for a fork are the usual causes',
      });
    }
    if (watch.stalledAt(pulseOf(fields))) {
      throw new TaskError(`${nameOf(view)} saves its keys and made no progress for ${stallMs / 1000} s`);
    }
    context.progress(`${nodeName(view.node)} saves its keys: ${percentOf(fields)}`);
    await context.sleep(POLL_MS);
  }
}

/** What grows while a child works. Before 7.0 a server tells only for how long: the limit then is on its silence alone. */
function pulseOf(fields: InfoFields): string {
  const names = ['current_save_keys_processed', 'current_cow_size', 'aof_current_rewrite_time_sec'];
  const known = fields.has('current_save_keys_processed') ? names.slice(0, 2) : ['rdb_current_bgsave_time_sec'];
  return [...known, 'aof_current_rewrite_time_sec'].map((name) => fields.get(name)).join(' ');
}

function percentOf(fields: InfoFields): string {
  const [done, total] = ['current_save_keys_processed', 'current_save_keys_total'].map((name) =>
    infoNumber(fields, name),
  );
  return done !== undefined && total ? `${Math.floor((100 * done) / total)} %` : `${keyCount(fields)} keys`;
}

async function infoOf(view: SeenNode, context: ApplyContext): Promise<InfoFields> {
  const [info] = await ask(view, [['INFO']], context);
  if (typeof info !== 'string') throw new TaskError(`${nameOf(view)}: INFO said ${said(info)}`);
  return parseInfo(info);
}

async function ask(
  view: SeenNode,
  commands: readonly (readonly string[])[],
  context: ApplyContext,
): Promise<readonly RespValue[]> {
  const answer = await context.query(queryOf(view.node, commands));
  if (!answer.ok) throw new TaskError(`${nameOf(view)}: ${answer.message}`);
  return answer.replies;
}
