import type { ClusterIo } from '../node/cluster-io.ts';
import type { NodeLinks } from './node-links.ts';
import type { Pace } from './pace.ts';

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
}
