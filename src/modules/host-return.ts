import { TaskError, UnreachableError } from '../errors/errors.ts';
import type { Reply } from '../transport/contract.ts';
import type { ApplyContext } from './contract.ts';

interface Waiting {
  /** For people: what is waited for. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly sleepMs: number;
  /** Limit of one try; the connection is given up then. */
  readonly tryMs: number;
  readonly script: string;
  /** Whether the answer is the one that is waited for. */
  readonly isBack: (reply: Reply) => boolean;
}

/**
 * Connect anew and ask, until the answer is right. A host that restarts may refuse logins for a while (pam_nologin), so a refusal
 * is no end. Throws TaskError with what the last try met when the time is over.
 */
export async function waitForReturn(waiting: Waiting, context: ApplyContext): Promise<Reply> {
  const start = performance.now();
  for (;;) {
    const outcome = await tryOnce(waiting, context);
    if (typeof outcome !== 'string') return outcome;
    const elapsed = performance.now() - start;
    if (elapsed >= waiting.timeoutMs) {
      throw new TaskError(`timed out waiting for ${waiting.what} after ${Math.round(elapsed / 1000)} s: ${outcome}`, {
        details: { elapsed: Math.round(elapsed / 1000) },
      });
    }
    context.progress(`waits for ${waiting.what}: ${Math.round(elapsed / 1000)} s (${outcome})`);
    await context.sleep(waiting.sleepMs);
    await context.reconnect();
  }
}

/** The reply, or why there is none yet. */
async function tryOnce({ script, isBack, tryMs }: Waiting, context: ApplyContext): Promise<Reply | string> {
  const asked = context.sh(script, { idleTimeoutMs: tryMs });
  try {
    // A host that goes down may leave a connection behind that never says anything again.
    const reply = await Promise.race([asked, tooLate(tryMs, context)]);
    if (reply === undefined) return `no answer within ${tryMs} ms`;
    return isBack(reply)
      ? reply
      : `the answer was ${JSON.stringify((reply.stdout || reply.stderr).trim().slice(0, 80))}`;
  } catch (error) {
    if (error instanceof UnreachableError || error instanceof TaskError) return error.message;
    throw error;
  } finally {
    // A try that was given up may fail later; nobody waits for it any more.
    asked.catch(() => undefined);
  }
}

async function tooLate(ms: number, context: ApplyContext): Promise<undefined> {
  await context.sleep(ms);
  return undefined;
}
