import { spawnSync } from 'node:child_process';

const known = [['dash'], ['bash', '--posix'], ['busybox', 'ash']] as const;

/** What stands for /bin/sh on some host or other, with its words, as far as this machine has it. */
export const shells: readonly (readonly [name: string, words: readonly string[]])[] = known
  .filter(([name]) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0)
  .map((words) => [words.join(' '), words]);
