import type { Span } from '../errors/diagnostic.ts';
import { nearest } from '../source/nearest.ts';
import { keySpanOf, recordPlaces, spanOf } from '../source/positions.ts';
import type { Raw } from './contract.ts';
import { copyPlaces } from './copy-places.ts';
import type { Findings } from './findings.ts';
import { type FreeFormEntry, parseKeyValues, parseRaw } from './free-form.ts';
import { isKeyword, nearestKeyword, notYetHint } from './keywords.ts';
import { argumentNames, schemaNames, schemaOf } from './schema.ts';
import { spanInText } from './text-position.ts';

export interface ModuleCall {
  readonly module: string;
  /** As written, under the names that were written. */
  readonly args: Readonly<Record<string, Raw>>;
  /** `local_action`: on the control machine. */
  readonly isLocal: boolean;
}

const prefixes = /^(?:ansible\.(?:builtin|legacy|posix)|community\.general)\./;

/** Other names of modules, as Ansible has them. */
const otherNames: Readonly<Record<string, string>> = { systemd_service: 'systemd' };

/** The name without the collection, as all names are kept here. */
export function shortName(name: string): string {
  const short = name.replace(prefixes, '');
  return Object.hasOwn(otherNames, short) ? (otherNames[short] ?? short) : short;
}

type TaskMap = Readonly<Record<string, unknown>>;

/** A module of Ansible's, or of a collection, that is not here, and what to do instead. */
export function missingModule(name: string): string | undefined {
  if (schemaOf(name) !== undefined || name.startsWith('with_')) return undefined;
  const [, collection] = /^(\w+\.\w+)(?:\.\w+)+$/.exec(name) ?? [];
  return notYetHint('task', name) ?? (collection && `modules of ${collection} are not here: use a command`);
}

/**
 * Find the module among the keys of a task; every other key that is no keyword is a finding. `allowsMissing`: a module of
 * Ansible's that is not here is found too, for a task that may well be skipped.
 */
export function findModuleKey(task: TaskMap, findings: Findings, allowsMissing = false): string | undefined {
  const keys = Object.keys(task);
  const isFound = (name: string) => isCall(name) || (allowsMissing && missingModule(name) !== undefined);
  const [first, second] = keys.filter((key) => isFound(shortName(key)));
  for (const key of keys) {
    const name = shortName(key);
    if (!isFound(name) && !isKeyword('task', name)) reportUnknownKey(task, key, first !== undefined, findings);
  }
  if (second !== undefined) {
    const message = `a task calls one module, this one calls "${first}" and "${second}"`;
    findings.error('two-modules', message, keySpanOf(task, second), 'make it two tasks');
  }
  return first;
}

function isCall(name: string): boolean {
  return name === 'action' || name === 'local_action' || schemaOf(name) !== undefined;
}

/** Without a module in the task the unknown key may well be the module that is missing. */
function reportUnknownKey(task: TaskMap, key: string, hasModule: boolean, findings: Findings): void {
  const span = keySpanOf(task, key);
  const name = shortName(key);
  const hint = notYetHint('task', name);
  if (hint !== undefined) {
    findings.error('not-supported-yet', `"${key}" is not supported yet`, span, hint);
    return;
  }
  const near = nearestKeyword('task', name, hasModule ? [] : schemaNames);
  const value = task[key];
  const looksLikeModule = !hasModule && (key.includes('.') || (typeof value === 'object' && !Array.isArray(value)));
  const [code, what] = hasModule
    ? ['unknown-keyword', 'unknown keyword']
    : looksLikeModule
      ? ['unknown-module', 'unknown module']
      : ['unknown-keyword', 'unknown module or keyword'];
  const advice = hasModule ? undefined : '`rcdeploy doc` lists the modules';
  findings.error(code, `${what} "${key}" in a task`, span, near === undefined ? advice : `did you mean "${near}"?`);
}

/** The arguments of a call whose module is known by another key: `import_role` takes those of `include_role`. */
export function readArgsOf(
  module: string,
  task: TaskMap,
  key: string,
  findings: Findings,
): ModuleCall['args'] | undefined {
  return withArgs(module, task, key, task[key], 0, findings)?.args;
}

/** The call under `key` of a task, in any of its forms. */
export function readModuleCall(task: TaskMap, key: string, findings: Findings): ModuleCall | undefined {
  const name = shortName(key);
  const value = task[key];
  if (name !== 'action' && name !== 'local_action') return withArgs(name, task, key, value, 0, findings);
  const isLocal = name === 'local_action';
  const call =
    typeof value === 'string' ? actionText(task, key, value, findings) : actionMap(task, key, value, findings);
  return call === undefined ? undefined : { ...call, isLocal };
}

function actionText(task: TaskMap, key: string, text: string, findings: Findings): ModuleCall | undefined {
  const [, blank = '', written = '', rest = ''] = /^(\s*)(\S+)\s*([\s\S]*)$/.exec(text) ?? [];
  const module = knownModule(written, spanOf(task, key), findings);
  if (module === undefined) return undefined;
  return withArgs(module, task, key, rest === '' ? null : text, blank.length + written.length, findings);
}

function actionMap(task: TaskMap, key: string, value: unknown, findings: Findings): ModuleCall | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    findings.error('wrong-type', `"${key}" must be text or a map with "module"`, spanOf(task, key));
    return undefined;
  }
  const { module: written, ...args } = value as Record<string, unknown>;
  if (typeof written !== 'string') {
    findings.error('missing-keyword', `"${key}" needs "module"`, spanOf(task, key));
    return undefined;
  }
  const module = knownModule(written, spanOf(value, 'module'), findings);
  if (module === undefined) return undefined;
  copyPlaces(value, args);
  return { module, args, isLocal: false };
}

function knownModule(written: string, span: Span | undefined, findings: Findings): string | undefined {
  const name = shortName(written);
  if (schemaOf(name) !== undefined) return name;
  const hint = notYetHint('task', name);
  const near = nearest(name, schemaNames);
  if (hint !== undefined) findings.error('not-supported-yet', `"${written}" is not supported yet`, span, hint);
  else findings.error('unknown-module', `unknown module "${written}"`, span, near && `did you mean "${near}"?`);
  return undefined;
}

function withArgs(
  module: string,
  task: TaskMap,
  key: string,
  value: unknown,
  skip: number,
  findings: Findings,
): ModuleCall | undefined {
  const args: Record<string, unknown> = {};
  if (value === null || value === undefined)
    return { module, args: placed(args, keySpanOf(task, key)), isLocal: false };
  if (typeof value === 'object' && !Array.isArray(value))
    return { module, args: value as ModuleCall['args'], isLocal: false };
  const schema = schemaOf(module);
  if (typeof value === 'string' && schema !== undefined) {
    const rest = value.slice(skip);
    const at = (start: number, end: number) => textSpan(task, key, value, skip + start, skip + end);
    const whole = schema['x-free-form'];
    if (whole !== undefined && whole !== 'k=v') {
      const { raw, entries } = parseRaw(rest, schema);
      const text = whole === 'raw' ? { _raw: raw } : { [whole]: raw.trim() };
      return { module, args: fromEntries(raw === '' ? {} : text, entries, task, key, at), isLocal: false };
    }
    const parsed = parseKeyValues(rest);
    if ('entries' in parsed) return { module, args: fromEntries({}, parsed.entries, task, key, at), isLocal: false };
    findings.error(
      'wrong-free-form',
      `arguments of ${module}: ${parsed.problem}`,
      at(parsed.start, parsed.end),
      parsed.hint,
    );
    return undefined;
  }
  const takes = schema === undefined ? [] : [...argumentNames(schema).keys()].filter((name) => !name.startsWith('_'));
  findings.error(
    'wrong-type',
    `"${key}" needs its arguments as a map`,
    spanOf(task, key),
    `it takes: ${takes.join(', ')}`,
  );
  return undefined;
}

function textSpan(task: TaskMap, key: string, text: string, start: number, end: number): Span | undefined {
  const scalar = spanOf(task, key);
  return scalar === undefined ? undefined : spanInText(scalar, text, start, end);
}

function fromEntries(
  args: Record<string, unknown>,
  entries: readonly FreeFormEntry[],
  task: TaskMap,
  key: string,
  at: (start: number, end: number) => Span | undefined,
): Record<string, unknown> {
  const self = spanOf(task, key);
  const keys = new Map<string, Span>();
  const values = new Map<string, Span>();
  for (const entry of entries) {
    args[entry.name] = entry.value;
    const name = at(entry.nameStart, entry.nameStart + entry.name.length);
    const value = at(entry.valueStart, entry.end);
    if (name !== undefined && value !== undefined) {
      keys.set(entry.name, name);
      values.set(entry.name, value);
    }
  }
  if (self !== undefined) recordPlaces(args, self, keys, values);
  return args;
}

function placed(args: Record<string, unknown>, span: Span | undefined): Record<string, unknown> {
  if (span !== undefined) recordPlaces(args, span, new Map(), new Map());
  return args;
}
