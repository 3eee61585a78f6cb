import type { NodeAccess } from './contract.ts';

/** Where a stream to a node goes: a TCP port, or a unix socket. */
export type NodePlace = { readonly address: string; readonly port: number } | { readonly path: string };

/** As its own host finds it. A text that begins with a slash is the path of a unix socket. */
export function placeOnHost({ address, port, at = address }: Pick<NodeAccess, 'address' | 'port' | 'at'>): NodePlace {
  return isSocketPath(at) ? { path: at } : { address: at, port };
}

export function isSocketPath(text: string): boolean {
  return text.startsWith('/');
}
