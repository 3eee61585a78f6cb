import { TaskError } from '../../errors/errors.ts';
import type { ClusterIo } from '../node/cluster-io.ts';
import { said } from '../node/observe.ts';
import { type DeclaredNode, nodeName, queryOf } from './topology.ts';

const POLL_MS = 100;

/**
 * Lets a replica ask the other masters for its dead master's slots. FORCE only spares it the agreement of the dead one: without the
 * votes of a majority nothing happens, which is why TAKEOVER is never used.
 */
export async function takeOver(replica: DeclaredNode, from: string, io: ClusterIo, stallMs: number): Promise<void> {
  const asked = await io.query(queryOf(replica, [['CLUSTER', 'FAILOVER', 'FORCE']]));
  const refusal = asked.ok ? (asked.replies[0] === 'OK' ? '' : said(asked.replies[0])) : asked.message;
  const end = io.now() + stallMs;
  for (;;) {
    const answer = await io.query(queryOf(replica, [['ROLE']]));
    const [role] = answer.ok ? answer.replies : [];
    if (Array.isArray(role) && role[0] === 'master') return;
    if (io.now() > end) break;
    io.progress(`waiting for ${nodeName(replica)} to be voted master in place of ${from}`);
    await io.sleep(POLL_MS);
  }
  throw new TaskError(
    `${nodeName(replica)} was not made master in place of ${from} within ${stallMs / 1000} s${refusal ? `: it said ${refusal}` : ''}`,
    {
      hint: 'a majority of the masters must be alive, and agree that the old one is dead; nothing was forced past them',
    },
  );
}
