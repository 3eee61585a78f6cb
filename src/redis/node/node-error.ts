import { InterruptedError, UnreachableError } from '../../errors/errors.ts';
import type { NodeFailureKind } from './contract.ts';

/** What a node or its port did wrong. */
export class NodeError extends Error {
  override readonly name = 'NodeError';
  readonly kind: NodeFailureKind;
  constructor(kind: NodeFailureKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** What went wrong on the way to a node, in its words. A lost host and an interrupted run stay what they are. */
export function nodeError(error: unknown): Error {
  if (error instanceof NodeError || error instanceof UnreachableError || error instanceof InterruptedError)
    return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'ECONNREFUSED' || /connection refused/i.test(message)) return new NodeError('refused', message);
  if (code === 'ETIMEDOUT' || /timed out/i.test(message)) return new NodeError('timeout', message);
  return new NodeError('other', message);
}
