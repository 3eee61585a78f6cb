import type { Diagnostic } from '../errors/diagnostic.ts';
import { keySpanOf, spanOf } from '../source/positions.ts';
import { checkArgs } from './arguments.ts';
import { isTemplate } from './coerce.ts';
import { readCondition } from './conditions.ts';
import type { Raw, Task } from './contract.ts';
import { joinMaps, placeProperties } from './copy-places.ts';
import type { Findings } from './findings.ts';
import { type Inherited, texts } from './inherited.ts';
import { isKeyword, type Keywords, readKeywords } from './keywords.ts';
import { leftBehindHint, leftBehindProblem } from './left-behind.ts';
import type { Loading } from './loading.ts';
import { readLoop, readLoopControl } from './loop.ts';
import { findModuleKey, type ModuleCall, missingModule, readModuleCall, shortName } from './module-call.ts';
import { checkName } from './names.ts';
import { withSender } from './sender.ts';
import { inheritFrom, type Place } from './surroundings.ts';

type TaskMap = Readonly<Record<string, unknown>>;

/** A task with everything that it inherits; `undefined`, with findings, when there is no telling what it would do. */
export function readTask(map: TaskMap, outer: Inherited, place: Place, loading: Loading): Task | undefined {
  const { findings } = loading;
  const before = findings.diagnostics.length;
  const mayBeSkipped = outer.mayBeSkipped || map.when !== undefined;
  const key = findModuleKey(map, findings, mayBeSkipped);
  const keywords = taskKeywords(map, key, place, loading);
  const inherited = inheritFrom(map, keywords, outer, 'task vars', loading);
  const span = spanOf(map);
  if (key === undefined || span === undefined) {
    if (findings.diagnostics.length === before) {
      findings.error(
        'no-module',
        'this task calls no module',
        span,
        'name a module, like `debug:`; `rcdeploy doc` lists them',
      );
    }
    return undefined;
  }
  const hint = missingModule(shortName(key));
  const call = hint === undefined ? readModuleCall(map, key, findings) : missingCall(map, key, hint, findings);
  if (call === undefined) return undefined;
  const args = readArgs(map, key, call, inherited, loading);
  const { module } = call;
  const unleavable =
    keywords.poll === 0 && keywords.async !== undefined && keywords.async !== 0
      ? leftBehindProblem(module, args)
      : undefined;
  if (unleavable !== undefined) findings.error('not-supported', unleavable, spanOf(map, 'poll'), leftBehindHint);
  const written: Task = {
    ...plainTask(map, keywords, inherited, loading),
    kind: 'task',
    module,
    calledAs: calledAs(map, key, module),
    args,
    span,
    ...local(call),
    ...(oncePerBatch.has(module) ? { runOnce: true } : {}),
  };
  const task = withSender(written, spanOf(map, 'delegate_to'), findings);
  placeProperties(map, task);
  return task;
}

/** Modules that act for a whole batch, whatever `run_once` says. */
const oncePerBatch: ReadonlySet<string> = new Set(['pause']);

/** A task that may be skipped on every host is no mistake for calling a module that is not here; it fails where it is not. */
function missingCall(map: TaskMap, key: string, hint: string, findings: Findings): ModuleCall {
  const message = `"${key}" is not supported: the task fails where its condition holds`;
  findings.add([{ severity: 'warning', code: 'not-supported-yet', message, span: keySpanOf(map, key), hint }]);
  return { module: shortName(key), args: {}, isLocal: false };
}

function calledAs(map: TaskMap, key: string, module: string): string {
  if (shortName(key) !== 'action' && shortName(key) !== 'local_action') return key;
  const value = map[key];
  const written = typeof value === 'string' ? value.trim().split(/\s/)[0] : (value as { module?: unknown }).module;
  return typeof written === 'string' ? written : module;
}

function local(call: ModuleCall): Partial<Task> {
  return call.isLocal ? { delegateTo: 'localhost' } : {};
}

function taskKeywords(map: TaskMap, module: string | undefined, place: Place, loading: Loading): Keywords {
  const own = Object.entries(map).filter(
    ([key]) => key !== module && isKeyword('task', key) && !key.endsWith('action'),
  );
  if (place === 'tasks' && map.listen !== undefined) {
    loading.findings.error('unknown-keyword', '"listen" is for handlers only', keySpanOf(map, 'listen'));
  }
  return readKeywords('task', map, Object.fromEntries(own), loading.findings);
}

/** The call's arguments over those of `args:`, over `module_defaults`. */
function readArgs(
  map: TaskMap,
  key: string,
  call: ModuleCall,
  inherited: Inherited,
  loading: Loading,
): Record<string, Raw> {
  const { findings } = loading;
  const { module } = call;
  if (missingModule(module) !== undefined) return {};
  const more =
    typeof map.args === 'object' && map.args !== null && !Array.isArray(map.args) ? (map.args as TaskMap) : {};
  const written = Object.keys(more).length === 0 ? call.args : joinMaps(more, call.args);
  const own = checkArgs(module, written, false);
  const defaults = inherited.moduleDefaults.get(module);
  const args = defaults === undefined ? own.args : joinMaps(defaults, own.args);
  // With defaults, what is missing shows only in the whole.
  const whole = defaults === undefined ? own : checkArgs(module, args, false);
  const isForgiven = ({ code }: Diagnostic) => inherited.mayBeSkipped && code === 'unsupported-argument';
  for (const one of own.diagnostics.filter(({ code }) => code !== 'missing-argument')) {
    const forgiven = isForgiven(one);
    findings.add([forgiven ? { ...one, severity: 'warning' } : one]);
  }
  // What an argument that is refused would have said is not missed besides.
  const missing = own.diagnostics.some(isForgiven) ? [] : whole.diagnostics;
  for (const one of missing.filter(({ code }) => code === 'missing-argument')) {
    // Shown at the module's name rather than under all of its arguments.
    const isWhole = one.span === undefined || one.span === spanOf(written) || one.span === spanOf(args);
    findings.add([isWhole ? { ...one, span: keySpanOf(map, key) } : one]);
  }
  if (module === 'set_fact') {
    // A name that is a template is judged when it is rendered.
    const plain = Object.keys(args).filter((name) => !isTemplate(name));
    for (const name of plain) checkName(name, 'set_fact', keySpanOf(args, name), findings);
  }
  return args;
}

function plainTask(
  map: TaskMap,
  keywords: Keywords,
  inherited: Inherited,
  loading: Loading,
): Omit<Task, 'kind' | 'module' | 'calledAs' | 'args' | 'span'> {
  const { findings } = loading;
  const { register } = keywords;
  if (typeof register === 'string') checkName(register, 'register', spanOf(map, 'register'), findings);
  const condition = (key: string) => readCondition(keywords[key], spanOf(map, key));
  return {
    ...inherited.nearest,
    name: typeof keywords.name === 'string' ? keywords.name : undefined,
    when: inherited.when,
    loop: readLoop(keywords, map, findings),
    loopControl: readLoopControl(map.loop_control, findings),
    until: condition('until'),
    retries: keywords.retries,
    delay: keywords.delay,
    register: typeof register === 'string' ? register : undefined,
    notify: inherited.notify,
    listen: texts(keywords.listen),
    changedWhen: condition('changed_when'),
    failedWhen: condition('failed_when'),
    environment: inherited.environment,
    tags: inherited.tags,
    vars: inherited.vars,
    role: inherited.role,
    params: inherited.params,
    async: keywords.async,
    poll: keywords.poll,
  };
}
