import type { Duplex } from 'node:stream';
import type { NodeAccess, NodeAnswer, NodeLink, NodeQuery } from './contract.ts';
import { Deadline } from './deadline.ts';
import { NodeError, nodeError } from './node-error.ts';
import { DEFAULT_TIMEOUT_MS, StreamLink } from './stream-link.ts';

/**
 * Sends all commands of a query in one pipeline over a stream of its own and returns their replies. What a node or its
 * port does wrong is an answer; only a lost host (UnreachableError) or an interrupted run is thrown.
 */
export async function queryNode(openStream: () => Promise<Duplex>, query: NodeQuery): Promise<NodeAnswer> {
  const limit = new Deadline(query.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const link = StreamLink.open(openStream, query, limit);
  try {
    return await queryOver(link, query, limit);
  } finally {
    limit.clear();
    link.then(
      (opened) => opened.close(),
      () => undefined,
    );
  }
}

/** The same over a link that is there or about to be. */
export async function queryOver(link: Promise<StreamLink>, query: NodeQuery, limit: Deadline): Promise<NodeAnswer> {
  try {
    const opened = await limit.race(link, 'waiting for the connection');
    return { ok: true, replies: await opened.exchange(query.commands, limit) };
  } catch (error) {
    const failure = nodeError(error);
    if (failure instanceof NodeError) return { ok: false, kind: failure.kind, message: failure.message };
    throw failure;
  }
}

/**
 * A link that is kept. Throws a NodeError when the node cannot be reached or does not take the password, UnreachableError when
 * the host that the stream starts on is lost.
 */
export async function openNodeLink(
  openStream: () => Promise<Duplex>,
  access: NodeAccess,
  timeoutMs = DEFAULT_TIMEOUT_MS,
): Promise<NodeLink> {
  const limit = new Deadline(timeoutMs);
  let link: StreamLink | undefined;
  try {
    link = await StreamLink.open(openStream, access, limit);
    await limit.race(link.loggedIn, 'waiting for the login');
    return link;
  } catch (error) {
    link?.close();
    throw nodeError(error);
  } finally {
    limit.clear();
  }
}
