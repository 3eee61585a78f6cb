import { endpoint } from '../../redis/cluster/topology.ts';
import type { NodeAnswer } from '../../redis/node/contract.ts';
import type { ApplyContext } from '../contract.ts';
import type { ListenAt } from './listener.ts';

/** Channels of a connection are not free, and neither are file descriptors of an sshd. */
const AT_ONCE_PER_HOST = 20;

/** One ordered pair that does not come together, as a sentence; or why it could not be tried. */
export interface Outcome {
  readonly from: string;
  readonly to: ListenAt;
  readonly closed: string | undefined;
}

/** Whatever an answer says, there was one. */
export function isReached(answer: NodeAnswer): boolean {
  return answer.ok || answer.kind === 'auth' || answer.kind === 'lost';
}

/** From every host to every port of the others. */
export async function tryAll(
  hosts: readonly string[],
  ports: readonly ListenAt[],
  timeoutMs: number,
  context: Pick<ApplyContext, 'query'>,
): Promise<Outcome[]> {
  const perHost = hosts.map(async (from) => {
    const outcomes: Outcome[] = [];
    const left = ports.filter(({ host }) => host !== from);
    const worker = async (): Promise<void> => {
      for (let to = left.shift(); to !== undefined; to = left.shift()) {
        const { address, port } = to;
        const answer = await context.query({
          via: from,
          fromHost: true,
          address,
          port,
          commands: [['PING']],
          timeoutMs,
        });
        outcomes.push({ from, to, closed: isReached(answer) || answer.ok ? undefined : answer.message });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE_PER_HOST }, worker));
    return outcomes;
  });
  return (await Promise.all(perHost)).flat();
}

/** Sentences by port that is not reached, since a firewall usually closes it to many at once. */
export function explain(outcomes: readonly Outcome[]): string[] {
  const groups = new Map<string, string[]>();
  for (const { from, to, closed } of outcomes) {
    if (closed === undefined) continue;
    const what = `${to.host} port ${to.port} (${endpoint(to)}): ${closed}`;
    groups.set(what, [...(groups.get(what) ?? []), from]);
  }
  return [...groups].map(([what, from]) => `from ${from.join(', ')} to ${what}`);
}
