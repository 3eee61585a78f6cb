import type { Span } from '../errors/diagnostic.ts';
import { keySpanOf, spanOf } from '../source/positions.ts';
import { isTemplate } from './coerce.ts';
import type { Condition, Entry, Include, Meta, Play, Task } from './contract.ts';
import { type ArgumentSchema, schemaOf } from './schema.ts';

/** A text that is rendered or evaluated, and where it stands. */
export interface Site {
  readonly text: string;
  readonly kind: 'template' | 'expression';
  readonly span: Span | undefined;
  /** The text is a whole file: its offsets are the file's. */
  readonly isFile?: true;
}

/** Every template inside a value from a source file, keys of maps included. */
export function* templatesIn(value: unknown, span: Span | undefined): Generator<Site> {
  if (typeof value === 'string') {
    if (isTemplate(value)) yield { text: value, kind: 'template', span };
  } else if (Array.isArray(value)) {
    for (const [index, each] of value.entries()) yield* templatesIn(each, spanOf(value, index) ?? span);
  } else if (typeof value === 'object' && value !== null && isPlain(value)) {
    for (const [key, each] of Object.entries(value)) {
      if (isTemplate(key)) yield { text: key, kind: 'template', span: keySpanOf(value, key) ?? span };
      yield* templatesIn(each, spanOf(value, key) ?? span);
    }
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

export function* expressionsOf(condition: Condition | undefined): Generator<Site> {
  if (condition === undefined) return;
  for (const [index, text] of condition.expressions.entries()) {
    if (typeof text !== 'string') continue;
    yield { text, kind: 'expression', span: spanOf(condition.expressions, index) ?? condition.span };
  }
}

/** The templates and expressions of a task but for its `vars`. */
export function* sitesOfTask(task: Task): Generator<Site> {
  for (const condition of task.when) yield* expressionsOf(condition);
  for (const condition of [task.until, task.changedWhen, task.failedWhen]) yield* expressionsOf(condition);
  if (task.loop !== undefined) yield* templatesIn(task.loop.value, task.loop.span);
  yield* sitesOfArgs(task);
  const { label, pause } = task.loopControl;
  for (const [key, value] of Object.entries({ label, pause }))
    yield* templatesIn(value, spanOf(task.loopControl, key) ?? task.span);
  const { args: _args, loop: _loop, loopControl: _control, vars: _vars, when: _when, ...others } = task;
  const { role: _role, params: _params, ...rest } = others;
  for (const [key, value] of Object.entries(rest)) yield* templatesIn(value, spanOf(task, key) ?? task.span);
}

function* sitesOfArgs(task: Task): Generator<Site> {
  const properties: Readonly<Record<string, ArgumentSchema>> = schemaOf(task.module)?.properties ?? {};
  for (const [name, value] of Object.entries(task.args)) {
    const span = spanOf(task.args, name) ?? task.span;
    if (properties[name]?.['x-format'] === 'expression') yield* expressionsIn(value, span);
    else yield* templatesIn(value, span);
  }
}

/** `that` and `var` hold expressions; one that is written with braces is rendered first. */
function* expressionsIn(value: unknown, span: Span | undefined): Generator<Site> {
  for (const [index, text] of (Array.isArray(value) ? value : [value]).entries()) {
    const own = (Array.isArray(value) ? spanOf(value, index) : undefined) ?? span;
    if (typeof text === 'string') yield { text, kind: isTemplate(text) ? 'template' : 'expression', span: own };
  }
}

export function* sitesOfMeta(meta: Meta): Generator<Site> {
  for (const condition of meta.when) yield* expressionsOf(condition);
}

const layersAndLists = new Set([
  ...['vars', 'prompts', 'varsFiles', 'exposed', 'roleNames', 'preTasks', 'tasks', 'postTasks', 'handlers', 'span'],
]);

/** The templates of a play's own keywords. */
export function* sitesOfPlay(play: Play): Generator<Site> {
  for (const [key, value] of Object.entries(play)) {
    if (!layersAndLists.has(key)) yield* templatesIn(value, spanOf(play, key) ?? play.span);
  }
  const span = spanOf(play, 'varsFiles') ?? play.span;
  for (const { names } of play.varsFiles) yield* templatesIn(names, span);
}

/** All tasks and metas of a play, those that includes are known to bring among them, handlers last. */
export function* stepsOf(play: Play): Generator<Task | Meta> {
  for (const list of [play.preTasks, play.tasks, play.postTasks, play.handlers]) yield* stepsIn(list);
}

function* stepsIn(entries: readonly Entry[]): Generator<Task | Meta> {
  for (const entry of entries) {
    if (entry.kind === 'task' || entry.kind === 'meta') yield entry;
    else if (entry.kind === 'include') yield* stepsOfInclude(entry);
    else for (const list of partsOf(entry)) yield* stepsIn(list);
  }
}

function* stepsOfInclude({ task, foreseen }: Include): Generator<Task | Meta> {
  yield task;
  if (foreseen !== undefined) yield* stepsIn([...foreseen.entries, ...foreseen.handlers]);
}

function partsOf(entry: Extract<Entry, { kind: 'block' | 'role' }>): (readonly Entry[])[] {
  return entry.kind === 'block' ? [entry.tasks, entry.rescue, entry.always] : [entry.tasks];
}

/** All dynamic includes of a play, those within foreseen ones too. */
export function* includesOf(play: Play): Generator<Include> {
  for (const list of [play.preTasks, play.tasks, play.postTasks, play.handlers]) yield* includesIn(list);
}

function* includesIn(entries: readonly Entry[]): Generator<Include> {
  for (const entry of entries) {
    if (entry.kind === 'include') {
      yield entry;
      yield* includesIn(entry.foreseen?.entries ?? []);
    } else if (entry.kind === 'block' || entry.kind === 'role') {
      for (const list of partsOf(entry)) yield* includesIn(list);
    }
  }
}
