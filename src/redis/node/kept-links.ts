import type { Duplex } from 'node:stream';
import { queryOver } from './client.ts';
import type { NodeAccess, NodeAnswer, NodeQuery } from './contract.ts';
import { Deadline } from './deadline.ts';
import { DEFAULT_TIMEOUT_MS, StreamLink } from './stream-link.ts';

interface Kept {
  opened: StreamLink | undefined;
  readonly link: Promise<StreamLink>;
  /** Queries in flight on it. */
  users: number;
}

/**
 * Asks nodes over links that are kept for the next question: a channel of its own for each costs the host, the node and this
 * machine more than the question. Let go of them whenever a process may have been ended or started.
 */
export class KeptLinks {
  #kept = new Map<string, Kept>();
  /** Let go of, and closed when another is opened or at the end: the end of a connection closes all that it carries at once. */
  #old: Kept[] = [];

  /** `isRead`: without effect, so it may stand behind other reads, and be sent again when a kept link turns out to be cut. */
  async query(openStream: () => Promise<Duplex>, query: NodeQuery, isRead: boolean): Promise<NodeAnswer> {
    const limit = new Deadline(query.timeoutMs ?? DEFAULT_TIMEOUT_MS);
    try {
      const { kept, isNew } = this.#linkFor(query, openStream, limit, isRead);
      const answer = await this.#ask(kept, query, limit);
      const wasCut = !answer.ok && answer.kind === 'lost' && !isNew;
      if (!isRead || !wasCut) return answer;
      return await this.#ask(this.#linkFor(query, openStream, limit, isRead).kept, query, limit);
    } finally {
      limit.clear();
    }
  }

  /** Queries in flight go on; the next one opens a link anew. */
  drop(): void {
    this.#old.push(...this.#kept.values());
    this.#kept = new Map();
  }

  close(): void {
    this.drop();
    for (const kept of this.#old.splice(0)) if (kept.users === 0) close(kept);
  }

  async #ask(kept: Kept, query: NodeQuery, limit: Deadline): Promise<NodeAnswer> {
    const key = keyOf(query);
    kept.users++;
    const answer = await queryOver(kept.link, query, limit).finally(() => {
      kept.users--;
      if (this.#kept.get(key) !== kept && kept.users === 0) close(kept);
    });
    if (!answer.ok && this.#kept.get(key) === kept) {
      this.#kept.delete(key);
      if (kept.users === 0) close(kept);
    }
    return answer;
  }

  #linkFor(
    query: NodeQuery,
    openStream: () => Promise<Duplex>,
    limit: Deadline,
    isRead: boolean,
  ): { readonly kept: Kept; readonly isNew: boolean } {
    const key = keyOf(query);
    const known = this.#kept.get(key);
    const isUsable = known !== undefined && known.opened?.isOpen !== false;
    if (isUsable && (isRead || known.users === 0)) return { kept: known, isNew: false };
    const made: Kept = { link: StreamLink.open(openStream, query, limit), opened: undefined, users: 0 };
    made.link.then(
      (link) => {
        made.opened = link;
      },
      () => undefined,
    );
    for (const old of this.#old.splice(0)) if (old.users === 0) close(old);
    if (!isUsable) this.#kept.set(key, made);
    return { kept: made, isNew: true };
  }
}

function close(kept: Kept): void {
  kept.link.then(
    (link) => link.close(),
    () => undefined,
  );
}

function keyOf({ via, address, at, fromHost, port, auth, tls, renamed }: NodeAccess): string {
  return JSON.stringify([via, address, at, fromHost, port, auth, tls, renamed]);
}
