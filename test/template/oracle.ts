import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export interface Cases {
  readonly variables: Readonly<Record<string, unknown>>;
  readonly expressions: readonly string[];
  readonly templates: readonly string[];
  readonly documents?: readonly string[];
}

/** One text per case, `null` where the oracle refuses it. */
export interface Answers {
  readonly expressions: readonly (string | null)[];
  readonly templates: readonly (string | null)[];
  readonly documents: readonly (string | null)[];
}

const python = '/usr/bin/python3';

/** Whether Debian's python3-jinja2 or ansible-core is installed here. In CI it must be: nothing is skipped there. */
export function hasOracle(module: 'jinja2' | 'ansible'): boolean {
  return process.env.CI === 'true' || spawnSync(python, ['-c', `import ${module}`]).status === 0;
}

export function askOracle(engine: 'jinja2' | 'ansible', cases: Cases): Answers {
  const script = join(import.meta.dirname, 'oracle.py');
  const done = spawnSync(python, [script], {
    input: JSON.stringify({ engine, ...cases }),
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (done.status !== 0) throw new Error(`the oracle failed: ${done.stderr}`);
  return JSON.parse(done.stdout) as Answers;
}
