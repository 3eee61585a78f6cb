import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { Span } from '../errors/diagnostic.ts';
import type { VarLayer } from '../inventory/contract.ts';
import { nearest } from '../source/nearest.ts';
import { spanOf } from '../source/positions.ts';
import type { Loading } from './loading.ts';
import { checkNames } from './names.ts';

/** Which file of each folder a mention asks for; `main` where it says nothing. */
export interface FromFiles {
  readonly tasks?: string;
  readonly handlers?: string;
  readonly vars?: string;
  readonly defaults?: string;
}

export type RoleFolder = keyof FromFiles;

const endings = ['.yml', '.yaml', '.json'];

/** The directory of a role; undefined, with a finding, when there is none. */
export function findRole(name: string, span: Span | undefined, loading: Loading): string | undefined {
  const { playbookDir, findings } = loading;
  const beside = loading.role === undefined ? [] : [dirname(loading.role.dir)];
  const places = [join(playbookDir, 'roles'), ...beside, playbookDir];
  const candidates = [...new Set([...places.map((place) => resolve(place, name)), resolve(name)])];
  const found = candidates.find(isDirectory);
  if (found !== undefined) return found;
  const near = nearest(name, places.flatMap(rolesIn));
  const hint = near === undefined ? `looked for ${candidates.join(', ')}` : `did you mean "${near}"?`;
  findings.error('missing-role', `there is no role ${name}`, span, hint);
  return undefined;
}

function rolesIn(dir: string): string[] {
  if (!isDirectory(dir)) return [];
  return readdirSync(dir).filter((name) => isDirectory(join(dir, name, 'tasks')));
}

/** A folder's file, or the files of its directory `main/` where it holds variables. What a mention asks for by name must be there. */
export function filesOf(
  roleDir: string,
  folder: RoleFolder | 'meta',
  from: string | undefined,
  span: Span | undefined,
  loading: Loading,
): string[] {
  const dir = join(roleDir, folder);
  const name = from === undefined ? 'main' : basename(from);
  const order = from === undefined ? [...endings, ''] : ['', ...endings];
  const path = order.map((ending) => join(dir, name + ending)).find((one) => existsSync(one));
  if (path === undefined) {
    if (from !== undefined) {
      const message = `the role has no file ${folder}/${name}`;
      loading.findings.error('missing-file', message, span, `looked in ${dir}`);
    }
    return [];
  }
  if (!isDirectory(path)) return [path];
  return folder === 'vars' || folder === 'defaults' ? filesBelow(path) : [];
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir)
    .sort()
    .map((name) => join(dir, name))
    .flatMap((path) =>
      isDirectory(path) ? filesBelow(path) : endings.some((end) => path.endsWith(end)) ? [path] : [],
    );
}

/** `vars/` or `defaults/` of a role as layers, each file one. */
export function roleVariables(
  role: { readonly name: string; readonly dir: string },
  folder: 'vars' | 'defaults',
  from: string | undefined,
  span: Span | undefined,
  loading: Loading,
): VarLayer[] {
  return filesOf(role.dir, folder, from, span, loading).flatMap((file): VarLayer[] => {
    const vars = loading.read(file, span);
    if (vars === null || vars === undefined) return [];
    if (typeof vars !== 'object' || Array.isArray(vars)) {
      const place = spanOf(vars) ?? span;
      loading.findings.error('wrong-type', `${file} must hold a map of variables`, place);
      return [];
    }
    checkNames(vars, 'vars', loading.findings);
    const part = file.split(sep).slice(-2).join('/');
    return [{ origin: `role ${role.name} ${part}`, vars: vars as VarLayer['vars'] }];
  });
}

function isDirectory(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
