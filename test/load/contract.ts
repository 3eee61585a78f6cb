/** What the load works on, and how hard. */
export interface LoadOptions {
  /** Nodes to learn the cluster from; they must be reachable from this machine. */
  readonly seeds: readonly { readonly host: string; readonly port: number }[];
  readonly password?: string | undefined;
  readonly username?: string | undefined;
  /** PEM texts. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string } | undefined;
  /** Head of every key that the load writes; two loads at once need two. */
  readonly prefix?: string | undefined;
  /** Loops that each write one key after the other. */
  readonly writers?: number | undefined;
  /** Milliseconds that a loop rests between two operations. */
  readonly pauseMs?: number | undefined;
}

/** What a connection to any of the nodes needs, as ioredis takes it. */
export interface LoadAccess {
  readonly username?: string;
  readonly password?: string;
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
}

export function accessIn({ username, password, tls }: LoadOptions): LoadAccess {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  };
}

export interface LoadFigures {
  readonly seconds: number;
  /** Writes of which WAIT said that a replica has them. */
  readonly acknowledged: number;
  /** Acknowledged writes that could not be read back at the end; must be 0. */
  readonly lost: number;
  /** The first of the lost keys. */
  readonly lostKeys: readonly string[];
  /** Writes that were answered OK but that no replica confirmed in time; and those of them that are gone, which Redis allows. */
  readonly unconfirmed: number;
  readonly unconfirmedGone: number;
  /** Most nodes of one shard that did not answer, or were loading, at one moment. */
  readonly mostDown: number;
  /** The same, with replicas that had no link to their master at that moment. */
  readonly mostOut: number;
  /** By the endpoint of the shard's first master: the longest time in which no node took a write. */
  readonly shards: readonly { readonly shard: string; readonly longestMs: number }[];
  /** What a client with ioredis's default limits was told in the end, with how often. */
  readonly errors: readonly { readonly message: string; readonly count: number }[];
  /** Reads that did not give what had been acknowledged before. */
  readonly wrongReads: number;
  /** Of the clients' reads and writes, retries included, without those that wait for a replica. */
  readonly operations: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** What the sampler saw happen, in order: for reading when a test fails. */
  readonly incidents: readonly string[];
}
