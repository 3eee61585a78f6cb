import { existsSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { dirname } from 'node:path';
import { TaskError } from '../errors/errors.ts';
import type { PrepareEnv } from '../modules/contract.ts';
import type { Task } from '../playbook/contract.ts';
import { placesOf, searchDirs } from '../playbook/template-files.ts';
import { spanOf } from '../source/positions.ts';
import { renderDocument } from '../template/template.ts';
import { UnknownReached } from '../template/undefined.ts';
import { type Scope, Unknown } from '../template/values.ts';
import type { PlayContext } from './run-state.ts';
import type { HostScope } from './scope.ts';

/** What a module may use of the control machine while it gets its arguments ready. */
export function prepareEnvironment(task: Task, scope: HostScope, context: PlayContext): PrepareEnv {
  const span = spanOf(task.args, 'src') ?? task.span;
  return {
    host: scope.parts.host.name,
    scope,
    span,
    findFile: (name, kind) => findFile(name, kind, searchDirs(task, context.playbookDir), span),
    renderTemplate: (text, file) => {
      const rendered = renderDocument(text, {
        ...scopeOf(scope, templateVariables(file, task)),
        baseDir: dirname(file),
      });
      if (rendered instanceof Unknown) throw new UnknownReached(rendered);
      return rendered;
    },
  };
}

/** The same variables, for a template that lies in another directory. */
function scopeOf(scope: HostScope, own: ReadonlyMap<string, string>): Scope {
  return {
    lookup: (name) => own.get(name) ?? scope.lookup(name),
    wordTruth: (name) => (own.has(name) ? undefined : scope.wordTruth(name)),
    names: () => [...scope.names(), ...own.keys()],
  };
}

/** What Ansible tells a template of itself. What changes from run to run is not among it. */
function templateVariables(file: string, task: Task): ReadonlyMap<string, string> {
  return new Map([
    ['template_path', String(task.args.src ?? file)],
    ['template_fullpath', file],
    ['template_destpath', String(task.args.dest ?? '')],
    ['template_host', hostname()],
    ['template_uid', userInfo().username],
  ]);
}

/** Ansible looks in the role, beside the file that holds the task, and beside the playbook. */
export function findFile(
  name: string,
  kind: 'files' | 'templates' | 'vars',
  dirs: readonly string[],
  span: PrepareEnv['span'],
): string {
  const places = placesOf(name, kind, dirs);
  const found = places.find((place) => existsSync(place));
  if (found) return found;
  throw new TaskError(`file '${name}' was not found on the control machine`, {
    ...(span && { span }),
    hint: `looked for ${places.join(' and ')}`,
  });
}
