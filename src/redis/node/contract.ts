/** Commands for one Redis node, sent in one pipeline over a stream that starts on inventory host `via`. */
export interface NodeQuery {
  readonly via: string;
  readonly address: string;
  readonly port: number;
  readonly auth?: { readonly username?: string; readonly password: string } | undefined;
  readonly tls?:
    | { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly servername?: string }
    | undefined;
  readonly commands: readonly (readonly string[])[];
  /** Milliseconds for connecting and for all replies; default 5000. */
  readonly timeoutMs?: number | undefined;
}

export type RespValue = string | number | null | RespError | RespValue[];
export interface RespError {
  readonly error: string;
}
export type NodeAnswer =
  | { readonly ok: true; readonly replies: readonly RespValue[] }
  /** `refused`: nothing listens there; `timeout`: silence; `auth`: NOAUTH/WRONGPASS; `lost`: cut after commands were sent. */
  | { readonly ok: false; readonly kind: 'refused' | 'timeout' | 'auth' | 'lost' | 'other'; readonly message: string };
