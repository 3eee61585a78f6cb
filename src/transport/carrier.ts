import type { Duplex } from 'node:stream';
import type { Channel } from './channel.ts';
import type { StartDirectory } from './loop.ts';

/** What carries programs and streams to one host: an SSH connection, or this machine itself. */
export interface Carrier {
  /** Who is logged in: becoming the same user is nothing to do. */
  readonly user: string;
  readonly startDirectory: StartDirectory;
  /** It has ended, as far as this side knows. */
  readonly isLost: boolean;
  /** Start a command line that any login shell understands. */
  start(command: string): Promise<Channel>;
  openStream(to: { address: string; port: number } | { path: string }): Promise<Duplex>;
  close(): Promise<void>;
  /** End the connection without waiting for the other side: everything that waits for it fails now. */
  abandon(): void;
}
