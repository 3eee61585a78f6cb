import { spawn, spawnSync } from 'node:child_process';
import { describe } from 'vitest';

const program = process.env.TEST_REDIS_CLI ?? 'redis-cli';
const missing = spawnSync(program, ['--version']).status !== 0;

/** Both sides are shown where redis-cli is at hand. */
export const describeBeside: typeof describe.skip = missing ? describe.skip : describe;

export interface Said {
  /** Undefined: it had to be ended after the limit. */
  readonly exit: number | undefined;
  readonly text: string;
}

/** What `redis-cli --cluster …` says, its colours aside. Whatever it asks is answered with `answers`, then with the end of input. */
export async function redisCli(
  words: readonly string[],
  limitMs = 20_000,
  answers = '',
  from = program,
): Promise<Said> {
  const child = spawn(from, ['--cluster', ...words], { stdio: ['pipe', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      text += chunk;
    });
  }
  child.stdin.on('error', () => undefined);
  child.stdin.end(answers);
  let ended = false;
  const limit = setTimeout(() => {
    ended = true;
    child.kill('SIGKILL');
  }, limitMs);
  const exit = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(limit);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours
  return { exit: ended ? undefined : (exit ?? undefined), text: text.replace(/\u001b\[[\d;]*m/g, '') };
}
