import { existsSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Diagnostic } from '../errors/diagnostic.ts';
import { InputError } from '../errors/errors.ts';
import { spanOf } from '../source/positions.ts';
import { readSourceText } from '../source/source-text.ts';
import { isTemplate, readBoolean } from './coerce.ts';
import type { Task } from './contract.ts';
import type { Site } from './sites.ts';

/** Where Ansible looks for files that a task names: the role, the file that holds the task, the playbook. */
export function searchDirs(task: Pick<Task, 'role' | 'span'>, playbookDir: string): readonly string[] {
  const inRole = task.role === undefined ? [] : [task.role.dir, join(task.role.dir, 'tasks')];
  return [...new Set([...inRole, dirname(task.span.file), playbookDir])];
}

/** A folder of the kind first, in each directory. */
export function placesOf(name: string, kind: string, dirs: readonly string[]): readonly string[] {
  return isAbsolute(name) ? [name] : dirs.flatMap((dir) => [resolve(dir, kind, name), resolve(dir, name)]);
}

const kinds: Readonly<Record<string, 'files' | 'templates'>> = { copy: 'files', template: 'templates' };

/** The files that a task names by a constant `src` must exist; a template's text is a site like any other. */
export function templateFileSites(task: Task, playbookDir: string): { sites: Site[]; diagnostics: Diagnostic[] } {
  const kind = kinds[task.module];
  const { src } = task.args;
  const isRemote = task.args.remote_src !== undefined && readBoolean(task.args.remote_src) !== false;
  if (kind === undefined || typeof src !== 'string' || isTemplate(src) || isRemote)
    return { sites: [], diagnostics: [] };
  const places = placesOf(src, kind, searchDirs(task, playbookDir));
  const file = places.find((place) => existsSync(place));
  if (file === undefined) {
    const span = spanOf(task.args, 'src') ?? task.span;
    const hint = `looked for ${places.join(' and ')}`;
    const message = `there is no file ${src} on the control machine`;
    return { sites: [], diagnostics: [{ severity: 'error', code: 'missing-file', message, span, hint }] };
  }
  try {
    return { sites: kind === 'templates' ? templateText(file) : [], diagnostics: [] };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { sites: [], diagnostics: [...error.diagnostics] };
  }
}

function templateText(file: string): Site[] {
  if (!statSync(file).isFile()) return [];
  const text = readSourceText(file);
  const lines = text.split('\n');
  const span = { file, line: 1, column: 1, endLine: lines.length, endColumn: (lines.at(-1)?.length ?? 0) + 1 };
  return [{ text, kind: 'template', span, isFile: true }];
}
