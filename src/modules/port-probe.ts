import type { Duplex } from 'node:stream';
import { InterruptedError, TaskError, UnreachableError } from '../errors/errors.ts';
import type { ApplyContext } from './contract.ts';

interface ProbeArgs {
  readonly host: string;
  readonly port?: number;
  readonly search_regex?: string;
  readonly connect_timeout: number;
}

/** What a port that is matched against a regular expression may send before it is given up. */
const mostBytes = 1024 * 1024;

/** Connects from the task's host; with `search_regex` also reads until it matches. */
export async function probe(args: ProbeArgs, context: ApplyContext): Promise<{ matched: boolean }> {
  const limit = AbortSignal.timeout(args.connect_timeout * 1000);
  let stream: Duplex;
  try {
    stream = await bounded(context.openStream({ address: args.host, port: args.port ?? 0 }), limit);
  } catch (error) {
    if (error instanceof UnreachableError || error instanceof InterruptedError) throw error;
    if (error instanceof Error && /prohibited/i.test(error.message)) {
      throw new TaskError(`${context.host}: sshd forbids streams to ${args.host}:${args.port} (${error.message})`, {
        hint: 'allow it with `AllowTcpForwarding local` in sshd_config, or wait on the host itself with port and host 127.0.0.1',
      });
    }
    return { matched: false };
  }
  try {
    if (args.search_regex === undefined) return { matched: true };
    return { matched: await reads(stream, new RegExp(args.search_regex, 'm'), limit) };
  } finally {
    stream.destroy();
  }
}

/** A stream that comes too late is closed rather than left behind. */
async function bounded(opening: Promise<Duplex>, limit: AbortSignal): Promise<Duplex> {
  let late = false;
  const timeout = new Promise<never>((_, reject) => {
    limit.addEventListener('abort', () => {
      late = true;
      reject(new Error('no answer in time'));
    });
  });
  opening.then(
    (stream) => {
      if (late) stream.destroy();
    },
    () => undefined,
  );
  return await Promise.race([opening, timeout]);
}

function reads(stream: Duplex, pattern: RegExp, limit: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    let text = '';
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (pattern.test(text)) resolve(true);
      else if (text.length > mostBytes) resolve(false);
    });
    for (const end of ['end', 'close', 'error']) stream.on(end, () => resolve(false));
    limit.addEventListener('abort', () => resolve(false));
  });
}
