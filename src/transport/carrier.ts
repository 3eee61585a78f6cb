import type { Duplex } from 'node:stream';
import type { Channel } from './channel.ts';

/** What carries programs and streams to one host: an SSH connection, or this machine itself. */
export interface Carrier {
  /** Scripts start in the user's home directory (ssh), or where rcdeploy was started (local). */
  readonly startsAtHome: boolean;
  /** Start a command line that any login shell understands. */
  start(command: string): Promise<Channel>;
  openStream(to: { address: string; port: number } | { path: string }): Promise<Duplex>;
  close(): Promise<void>;
}
