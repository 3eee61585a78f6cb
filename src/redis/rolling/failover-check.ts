import { place as nameOf } from '../cluster/classify.ts';
import type { MemberLine } from '../node/nodes-line.ts';
import type { NodeView, SeenNode } from '../node/observe.ts';

/** How far a replica may be behind its master, in bytes of the replication stream, and still count as in sync. */
export const MAX_LAG_BYTES = 1024 * 1024;

export interface Obstacle {
  /** A sentence that names the nodes. */
  readonly message: string;
  /** Gossip or a sync may end it by itself. */
  readonly mayPass: boolean;
}

/** What keeps a replica from taking over from its master without loss; empty: it may. */
export function failoverObstacles(views: readonly NodeView[], replica: NodeView): Obstacle[] {
  if (!replica.seen) return [lasting(`${nameOf(replica)} ${replica.problem}`)];
  if (replica.role !== 'replica') return [lasting(`${nameOf(replica)} is a master already`)];
  const seen = views.filter((view) => view.seen);
  const master = masterOf(seen, replica);
  if (!master) {
    return [
      lasting(
        `the master of ${nameOf(replica)} (${replica.self.masterId ?? 'none'}) cannot be asked: only it can hand over without loss`,
      ),
    ];
  }
  return [
    ...linkObstacles(replica, master),
    ...rankObstacles(seen, replica, master),
    ...voterObstacles(views, replica),
  ];
}

function lasting(message: string): Obstacle {
  return { message, mayPass: false };
}

function passing(message: string): Obstacle {
  return { message, mayPass: true };
}

export function masterOf(seen: readonly SeenNode[], replica: SeenNode): SeenNode | undefined {
  return seen.find((view) => view.self.id === replica.self.masterId && view.role === 'master');
}

function replicasOf(seen: readonly SeenNode[], master: SeenNode): SeenNode[] {
  return seen.filter((view) => view.role === 'replica' && view.self.masterId === master.self.id);
}

/** The replica that shall take over: the one with the most of the data among those that nothing stands against. */
export function bestReplica(views: readonly NodeView[], master: SeenNode): SeenNode | undefined {
  const seen = views.filter((view) => view.seen);
  return replicasOf(seen, master)
    .filter((replica) => failoverObstacles(views, replica).length === 0)
    .reduce<SeenNode | undefined>((best, one) => (best && best.replOffset >= one.replOffset ? best : one), undefined);
}

function linkObstacles(replica: SeenNode, master: SeenNode): Obstacle[] {
  if (replica.syncing) return [passing(`${nameOf(replica)} is still loading the data of ${nameOf(master)}`)];
  if (!replica.linkUp) return [passing(`${nameOf(replica)} has no replication link to ${nameOf(master)}`)];
  const lag = master.replOffset - replica.replOffset;
  return lag > MAX_LAG_BYTES ? [passing(`${nameOf(replica)} is ${lag} bytes behind ${nameOf(master)}`)] : [];
}

/** Views are not of one instant: only a sibling that is clearly ahead counts. */
function rankObstacles(seen: readonly SeenNode[], replica: SeenNode, master: SeenNode): Obstacle[] {
  return replicasOf(seen, master)
    .filter((other) => other !== replica && other.linkUp && other.replOffset - replica.replOffset > MAX_LAG_BYTES)
    .map((other) => passing(`${nameOf(other)} has more of the data of ${nameOf(master)} than ${nameOf(replica)}`));
}

/** Masters with slots vote. All that can be asked must see the candidate, and they must be a majority. */
function voterObstacles(views: readonly NodeView[], replica: SeenNode): Obstacle[] {
  const seen = views.filter((view) => view.seen);
  const voters = seen.filter((view) => view.role === 'master' && view.self.slots.length > 0);
  const known = [replica.self, ...replica.others].filter(isVoter).length;
  if (voters.length <= known / 2) {
    return [
      lasting(`only ${voters.length} of ${known} masters can be asked: a failover needs the votes of a majority`),
    ];
  }
  return voters.flatMap((voter) => {
    const line = voter.others.find(({ id }) => id === replica.self.id);
    const problem = sight(line, replica);
    return problem === undefined ? [] : [passing(`${nameOf(voter)} ${problem} ${nameOf(replica)}`)];
  });
}

function isVoter(line: MemberLine): boolean {
  return line.flags.has('master') && line.slots.length > 0;
}

function sight(line: MemberLine | undefined, replica: SeenNode): string | undefined {
  if (!line) return 'does not know';
  if (line.flags.has('fail') || line.flags.has('fail?')) return 'takes for dead';
  if (!line.connected) return 'has no bus connection to';
  return line.masterId === replica.self.masterId ? undefined : 'knows another master of';
}
