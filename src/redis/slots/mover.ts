import type { ClusterIo } from '../node/cluster-io.ts';
import type { NodeLinks } from './node-links.ts';
import type { Pace } from './pace.ts';
import type { Turns } from './turns.ts';

/** What moving slots works with. */
export interface Mover {
  readonly io: ClusterIo;
  readonly links: NodeLinks;
  readonly pace: Pace;
  /** Milliseconds without any progress after which a wait fails. */
  readonly stallMs: number;
  /** Set by the first worker that fails: the others begin nothing new. */
  stopped: boolean;
  /** Why slots stay where they are, each a sentence that names the key. */
  readonly refused: string[];
  readonly moved: { slots: number; keys: number };
  /** For takers that take from one giver at a time. */
  readonly turns: Turns;
  /** States of what servers hand over by themselves at the moment, by way. */
  readonly handing: Map<string, string>;
  /** Why slots moved key by key that the servers should have handed over at once. */
  readonly fellBack: string[];
}
