import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import type { Diagnostic } from '../../src/errors/diagnostic.ts';
import type { Entry, Playbook, Task } from '../../src/playbook/contract.ts';
import { readPlaybook } from '../../src/playbook/playbook.ts';

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});

/** Writes files into a directory of their own, which goes away with the tests. */
export function writeFiles(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'rcdeploy-playbook-'));
  directories.push(directory);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
  return directory;
}

/** A playbook from its text, other files beside it. */
export function read(text: string, beside: Readonly<Record<string, string>> = {}) {
  return readPlaybook(join(writeFiles({ 'site.yml': text, ...beside }), 'site.yml'));
}

/** `line:column code`, what most tests want to know of a finding. */
export function places(diagnostics: readonly Diagnostic[]): string[] {
  return diagnostics.map(({ span, code }) => `${span?.line}:${span?.column} ${code}`);
}

/** Tasks of all plays in order, those of blocks included. */
export function tasksOf({ plays }: Playbook): Task[] {
  const flatten = (entry: Entry): Task[] => {
    if (entry.kind === 'task') return [entry];
    if (entry.kind === 'meta') return [];
    if (entry.kind === 'include') return [entry.task];
    return (entry.kind === 'role' ? entry.tasks : [...entry.tasks, ...entry.rescue, ...entry.always]).flatMap(flatten);
  };
  return plays.flatMap((play) => [...play.preTasks, ...play.tasks, ...play.postTasks].flatMap(flatten));
}

/** The only task of a play that has nothing else; fails when something is wrong with it. */
export function readTask(yaml: string): Task {
  const { playbook, diagnostics } = read(`- hosts: all\n  tasks:\n${indent(yaml, 4)}`);
  if (diagnostics.length > 0) throw new Error(JSON.stringify(diagnostics));
  const [task] = tasksOf(playbook);
  if (task === undefined) throw new Error('no task was read');
  return task;
}

function indent(text: string, by: number): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? line : ' '.repeat(by) + line))
    .join('\n');
}
