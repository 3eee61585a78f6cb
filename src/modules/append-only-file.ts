import type { NodeQuery } from '../redis/node/contract.ts';
import type { ApplyContext } from './contract.ts';
import { field } from './redis-config/config-state.ts';

/** Looks without an answer after which a server counts as silent. */
const SILENT_LOOKS = 30;
const LOOK_MS = 500;

/**
 * Waits until a node has no append-only file to write, and tells how the last one ended. Only the server can say whether it gets on, so
 * what limits the wait is its silence, or its own word that it failed.
 */
export async function outlastRewrite(
  query: NodeQuery,
  node: string,
  context: ApplyContext,
): Promise<'whole' | 'failed' | 'silent'> {
  let first: string | undefined;
  for (let silence = 0; silence < SILENT_LOOKS; ) {
    const answer = await context.query({ ...query, commands: [['INFO']] });
    const info = answer.ok && typeof answer.replies[0] === 'string' ? answer.replies[0] : '';
    silence = info === '' ? silence + 1 : 0;
    if (info !== '') {
      first ??= childOf(info);
      const outcome = outcomeIn(info, childOf(info) !== first);
      if (outcome !== undefined) return outcome;
    }
    context.progress(`waiting for the append-only file of ${node}`);
    await context.sleep(LOOK_MS);
  }
  return 'silent';
}

/** The status of an earlier rewrite stays until this one ends; and a server that failed with its first file tries again, for ever. */
function outcomeIn(info: string, hasNewChild: boolean): 'whole' | 'failed' | undefined {
  const runs = (name: string): boolean => field(info, name) !== '0';
  const isBusy = runs('aof_rewrite_in_progress') || runs('rdb_bgsave_in_progress');
  if (field(info, 'aof_last_bgrewrite_status') !== 'ok') return hasNewChild || !isBusy ? 'failed' : undefined;
  return runs('aof_rewrite_in_progress') || runs('aof_rewrite_scheduled') ? undefined : 'whole';
}

/** Tells one child process from the next: servers before 6.2 do not count them, but no fork takes the same time to a microsecond. */
function childOf(info: string): string {
  return `${field(info, 'total_forks')} ${field(info, 'latest_fork_usec')}`;
}
