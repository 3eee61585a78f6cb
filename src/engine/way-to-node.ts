import type { Duplex } from 'node:stream';
import { TaskError } from '../errors/errors.ts';
import type { NodeAccess } from '../redis/node/contract.ts';
import { placeOnHost } from '../redis/node/node-place.ts';
import { localCarrier } from '../transport/local.ts';
import type { Run } from './run-state.ts';
import type { Way } from './ways.ts';

const WAYS = ['auto', 'ssh', 'direct'];

/**
 * How a stream to a node is opened, as `redis_via` of its host says: from the host, through SSH, or from this machine. `auto` is through
 * SSH, and where sshd forbids that from here, as long as no password would cross the network in the clear. Logging in to the host has a
 * limit of its own and must not count as a node's silence. `from`: how the task gets to its own host.
 */
export async function wayToNode(access: NodeAccess, from: Way, run: Run): Promise<() => Promise<Duplex>> {
  const { via, address, port, fromHost = false } = access;
  const direct = () => localCarrier.openStream({ address, port });
  const way = fromHost ? 'ssh' : wayOf(via, run);
  if (way === 'direct') return direct;
  const connection = await run.connections.connection(run.ways.from(from, via));
  const throughHost = () => connection.openStream(placeOnHost(access));
  const isSafe = access.tls !== undefined || access.auth === undefined;
  return way === 'ssh' ? throughHost : () => throughHost().catch((error) => whereForbidden(error, isSafe, direct));
}

function wayOf(host: string, run: Run): string {
  const way = run.scope(run.host(host), undefined).lookupTrusted('redis_via') ?? 'auto';
  if (typeof way === 'string' && WAYS.includes(way)) return way;
  throw new TaskError(`redis_via of ${host} is ${JSON.stringify(way)}`, { hint: `it is one of ${WAYS.join(', ')}` });
}

/** sshd's own refusal; what is wrong with the node itself stays what it is. */
async function whereForbidden(error: unknown, isSafe: boolean, direct: () => Promise<Duplex>): Promise<Duplex> {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (!(error instanceof Error) || code !== 'EACCES' || syscall !== undefined) throw error;
  if (isSafe) return await direct();
  const { message } = error;
  throw new Error(
    `${message}; redis_via: direct asks from this machine, with the password in the clear unless there is TLS`,
  );
}
