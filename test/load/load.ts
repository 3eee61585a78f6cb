import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import type { LoadFigures, LoadOptions } from './contract.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Load {
  /** Resolves when that many more writes have been confirmed by a replica. */
  more(writes: number): Promise<void>;
  /** Ends the load, reads everything back and tells what it saw. */
  stop(): Promise<LoadFigures>;
  /** Ends it without a look at the result, for tests that failed before. */
  abandon(): void;
}

/**
 * Clients of a cluster in a process of their own, so that nothing here disturbs their clocks: writers that ask for one
 * replica's confirmation, readers, and a sampler of every node. Resolves when every shard has taken a write.
 */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const program = await compiled();
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const lines = createInterface({ input: child.stdout });
  const answers = lines[Symbol.asyncIterator]();
  const ended = new Promise<never>((_, reject) =>
    child.once('close', (code) => reject(new Error(`the load ended by itself (exit ${code}): ${complaints}`))),
  );
  ended.catch(() => undefined);
  const answer = async (): Promise<string> => {
    const next = await Promise.race([answers.next(), ended]);
    return next.done === true ? await ended : next.value;
  };
  try {
    await answer();
  } finally {
    rmSync(program, { force: true });
  }
  return {
    async more(writes) {
      child.stdin.write(`more ${writes}\n`);
      await answer();
    },
    async stop() {
      child.stdin.write('stop\n');
      const figures = JSON.parse(await answer()) as LoadFigures;
      end(child);
      return figures;
    },
    abandon: () => end(child),
  };
}

function end(child: ChildProcess): void {
  child.kill('SIGKILL');
}

let builds = 0;

/** The child as one file that node can run, beside the packages that it imports. */
async function compiled(): Promise<string> {
  builds += 1;
  const file = `${root}node_modules/.cache/load-${process.pid}-${builds}.mjs`;
  const bundle = await rolldown({
    cwd: root,
    platform: 'node',
    input: 'test/load/child/main.ts',
    external: /^[^./]/,
    transform: { target: 'node20.19' },
  });
  await bundle.write({ file });
  await bundle.close();
  return file;
}

/** One line of figures for a test's output. */
export function figuresLine(what: string, figures: LoadFigures): string {
  const gap = Math.max(0, ...figures.shards.map(({ longestMs }) => longestMs));
  const errors = figures.errors.reduce((sum, { count }) => sum + count, 0);
  return [
    `${what}: ${figures.acknowledged} writes acknowledged by a replica, ${figures.lost} lost`,
    `${figures.unconfirmed} unconfirmed (${figures.unconfirmedGone} gone)`,
    `most nodes of a shard down ${figures.mostDown}, out of sync ${figures.mostOut}`,
    `longest without a writable master ${Math.round(gap)} ms (${figures.shards.map(({ longestMs }) => Math.round(longestMs)).join(', ')})`,
    `${errors} client errors, ${figures.wrongReads} wrong reads`,
    `${figures.operations} operations in ${figures.seconds.toFixed(1)} s, p50 ${figures.p50Ms.toFixed(1)} p99 ${figures.p99Ms.toFixed(1)} max ${figures.maxMs.toFixed(0)} ms`,
  ].join('; ');
}
