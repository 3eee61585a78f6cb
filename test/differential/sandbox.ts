import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DifferentialCase } from './case.ts';

/** Where both tools see the files of their case: the playbook, and what its tasks write. */
export const caseDir = '/tmp/case';

/** One side of one case on this machine: its own files, seen at `caseDir`, and its own state. */
export interface Sandbox {
  /** Holds the case's files and whatever the run makes beside them. */
  readonly dir: string;
  /** Output, recorded events, the runner's own state: not compared. */
  readonly notes: string;
}

export function makeSandbox(root: string, one: DifferentialCase, connection: string): Sandbox {
  const sandbox = { dir: join(root, 'case'), notes: join(root, 'notes') };
  for (const path of [sandbox.dir, join(sandbox.notes, 'state'), join(sandbox.notes, 'home')])
    mkdirSync(path, { recursive: true });
  const files = { 'play.yml': one.playbook, 'hosts.ini': one.inventory, ...one.files };
  for (const [path, text] of Object.entries(files)) {
    const target = join(sandbox.dir, path);
    mkdirSync(path.endsWith('/') ? target : dirname(target), { recursive: true });
    const mode = Number.parseInt(one.modes[path] ?? '0644', 8);
    if (!path.endsWith('/')) writeFileSync(target, text, { mode });
  }
  writeFileSync(join(sandbox.notes, 'connection.ini'), connection);
  return sandbox;
}

/** The same words for both: the inventory that says how to connect comes first, so that the case's own may overrule it. */
export function argumentsOf(one: DifferentialCase, sandbox: Sandbox): string[] {
  const inventories = one.options.includes('-i') ? [] : ['-i', 'hosts.ini'];
  const isPlaybook = (word: string, index: number) =>
    word.endsWith('.yml') && !['-i', '-e', '-l'].includes(one.options[index - 1] ?? '');
  const playbooks = one.options.some(isPlaybook) ? [] : ['play.yml'];
  return ['-i', join(sandbox.notes, 'connection.ini'), ...inventories, ...one.options, ...playbooks];
}
