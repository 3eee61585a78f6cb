/** How to reach one Redis node: from inventory host `via`, logged in and secured as it wants. */
export interface NodeAccess {
  readonly via: string;
  /** What peers and clients use. Its certificate is for this, wherever the node is asked. */
  readonly address: string;
  /** Where `via` finds it, when that is not `address`: one that it listens on, or the path of its unix socket. */
  readonly at?: string | undefined;
  readonly port: number;
  readonly auth?: { readonly username?: string; readonly password: string } | undefined;
  /** The way from `via` to the node is what is asked after, so it is asked from nowhere else. */
  readonly fromHost?: boolean | undefined;
  /** PEM texts; `servername` is the name or address that the node's certificate must have, by default `address`. */
  readonly tls?:
    | { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly servername?: string }
    | undefined;
  /** What commands are called there by `rename-command`, by their usual name. */
  readonly renamed?: Readonly<Record<string, string>> | undefined;
  /** Keys may be any bytes: with `latin1`, a character of a command or a reply is one byte. */
  readonly encoding?: 'utf8' | 'latin1' | undefined;
}

/** Commands for one Redis node, sent in one pipeline over a stream of their own. */
export interface NodeQuery extends NodeAccess {
  readonly commands: readonly (readonly string[])[];
  /** Milliseconds for connecting and for all replies; default 5000. */
  readonly timeoutMs?: number | undefined;
}

/** Words that are encoded already: they go from a reply into a command without a look at each. Only for a link that speaks latin1. */
export interface EncodedWords {
  readonly count: number;
  /** Each as a bulk string of RESP. */
  readonly resp: string;
}

export type Command = readonly (string | EncodedWords)[];

export type RespValue = string | number | null | RespError | RespValue[];
export interface RespError {
  readonly error: string;
}

/** `refused`: nothing listens there; `timeout`: silence; `auth`: NOAUTH/WRONGPASS; `lost`: cut after commands were sent. */
export type NodeFailureKind = 'refused' | 'timeout' | 'auth' | 'lost' | 'other';
export type NodeAnswer =
  | { readonly ok: true; readonly replies: readonly RespValue[] }
  | { readonly ok: false; readonly kind: NodeFailureKind; readonly message: string };

/** A connection to one node that is kept, for the many commands of a long operation. */
export interface NodeLink {
  /** False once it was closed or cut: then another link is needed. */
  readonly isOpen: boolean;
  /**
   * Sends the commands in one pipeline, behind those of calls still in flight; errors of single commands are values. Rejects with
   * a NodeError: `timeout` after `timeoutMs` (default 5000) without all replies, which are dropped when they come after all, so
   * the link stays usable; `lost` when it was cut, and then the outcome of what was sent is not known.
   */
  send(commands: readonly Command[], timeoutMs?: number): Promise<RespValue[]>;
  /** At once; calls in flight reject as `lost`. */
  close(): void;
}
