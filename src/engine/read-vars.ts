import { readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { formatSpan } from '../errors/diagnostic.ts';
import { TaskError } from '../errors/errors.ts';
import type { ControlEnv, VarsSource } from '../modules/contract.ts';
import type { Task } from '../playbook/contract.ts';
import { spanOf } from '../source/positions.ts';
import { loadYaml } from '../source/yaml-file.ts';
import { findFile } from './files.ts';

type Vars = Readonly<Record<string, unknown>>;

/** What `include_vars` reads. One file's map is given as it is, so that its values keep their places. */
export function readVars(from: VarsSource, dirs: readonly string[], task: Task): ReturnType<ControlEnv['readVars']> {
  const span = spanOf(task.args, from.dir === undefined ? 'file' : 'dir') ?? task.span;
  const found = findFile(from.file ?? from.dir ?? '', 'vars', dirs, span);
  const isDirectory = statSync(found).isDirectory();
  if (isDirectory !== (from.dir !== undefined)) {
    throw new TaskError(`include_vars: ${found} is ${isDirectory ? 'a directory' : 'no directory'}`, {
      span,
      hint: `name it with "${isDirectory ? 'dir' : 'file'}"`,
    });
  }
  if (!isDirectory) return { files: [found], vars: readFile(found) };
  const files = filesBelow(found, from, 1).filter((file) => isWanted(file, from));
  return { files, vars: Object.assign({}, ...files.map(readFile)) as Vars };
}

function filesBelow(dir: string, from: VarsSource, depth: number): string[] {
  return readdirSync(dir)
    .sort()
    .map((name) => join(dir, name))
    .flatMap((path) => {
      if (!statSync(path).isDirectory()) return [path];
      return from.depth === 0 || depth < from.depth ? filesBelow(path, from, depth + 1) : [];
    });
}

function isWanted(file: string, from: VarsSource): boolean {
  const name = basename(file);
  if (from.ignore_files.some((pattern) => expression(pattern, 'ignore_files').test(name))) return false;
  if (from.files_matching !== undefined && !expression(from.files_matching, 'files_matching').test(name)) return false;
  if (from.extensions.map((one) => one.replace(/^\.?/, '.')).includes(extname(name))) return true;
  if (from.ignore_unknown_extensions) return false;
  throw new TaskError(`include_vars: ${file} does not end in one of ${from.extensions.join(', ')}`, {
    hint: 'set ignore_unknown_extensions, or name it in ignore_files',
  });
}

function expression(pattern: string, argument: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (error) {
    throw new TaskError(`include_vars: ${argument}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function readFile(file: string): Vars {
  const { value, diagnostics } = loadYaml(file);
  const wrong = diagnostics.find(({ severity }) => severity === 'error');
  if (wrong) {
    const place = wrong.span ? `${formatSpan(wrong.span)}: ` : '';
    throw new TaskError(`${place}${wrong.message}`, { ...(wrong.hint && { hint: wrong.hint }) });
  }
  if (value === null || value === undefined) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Vars;
  throw new TaskError(`${file} must hold a map of variables`);
}
