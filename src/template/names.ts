import { namesOf } from './compile-targets.ts';
import { globalNamed } from './globals.ts';
import { descendants } from './mentions.ts';
import type { CallArguments, Expression, Statement } from './syntax.ts';

/** Free variables of a template. A name may be in `guarded` and not in `used`: then it never fails for being undefined. */
export class Names {
  readonly used = new Set<string>();
  readonly guarded = new Set<string>();
  /** It may give another value each time: lookups, random, the clock. */
  volatile = false;
}

/** What surrounds a node: local variables, and names that a test around it has proven to be defined. */
interface Surroundings {
  readonly locals: ReadonlySet<string>;
  readonly proven: ReadonlySet<string>;
}

const volatileNames = new Set(['lookup', 'query', 'q', 'now', 'random', 'shuffle', 'password_hash', 'fileglob']);

export function freeNames(body: readonly Statement[]): Names {
  const names = new Names();
  const proven = new Set<string>();
  visitBody(body, { locals: new Set(), proven }, names);
  for (const node of descendants(body)) {
    if (node.kind === 'filter' && volatileNames.has(node.name)) names.volatile = true;
    if (node.kind === 'call' && node.callee.kind === 'name' && volatileNames.has(node.callee.name))
      names.volatile = true;
  }
  for (const name of names.used) names.guarded.delete(name);
  return names;
}

/** Returns the locals that hold behind the body, since `{% set %}` and `{% macro %}` are seen by what follows. */
function visitBody(body: readonly Statement[], around: Surroundings, names: Names): ReadonlySet<string> {
  let { locals } = around;
  for (const statement of body) locals = visitStatement(statement, { ...around, locals }, names);
  return locals;
}

function visitStatement(statement: Statement, around: Surroundings, names: Names): ReadonlySet<string> {
  const { locals } = around;
  switch (statement.kind) {
    case 'text':
      return locals;
    case 'output':
      visit(statement.value, around, names);
      return locals;
    case 'if':
      return visitIf(statement, around, names);
    case 'for': {
      visit(statement.iterable, around, names);
      const inside = { ...around, locals: new Set([...locals, ...namesOf(statement.target), 'loop']) };
      if (statement.condition !== undefined) visit(statement.condition, inside, names);
      visitBody(statement.body, inside, names);
      visitBody(statement.otherwise, around, names);
      return locals;
    }
    case 'set':
      visit(statement.value, around, names);
      return new Set([...locals, ...namesOf(statement.target)]);
    case 'set-block':
      if (statement.filters !== undefined) visit(statement.filters, around, names);
      visitBody(statement.body, around, names);
      return new Set([...locals, ...namesOf(statement.target)]);
    case 'filter-block':
      visit(statement.filters, around, names);
      visitBody(statement.body, around, names);
      return locals;
    case 'macro': {
      for (const { fallback } of statement.parameters) if (fallback !== undefined) visit(fallback, around, names);
      const own = [statement.name, ...statement.parameters.map((parameter) => parameter.name)];
      visitBody(statement.body, { ...around, locals: new Set([...locals, ...own]) }, names);
      return new Set([...locals, statement.name]);
    }
    case 'with': {
      const inner = new Set(locals);
      for (const [target, value] of statement.bindings) {
        visit(value, { ...around, locals: new Set(inner) }, names);
        for (const name of namesOf(target)) inner.add(name);
      }
      visitBody(statement.body, { ...around, locals: inner }, names);
      return locals;
    }
  }
}

function visitIf(
  statement: Extract<Statement, { kind: 'if' }>,
  around: Surroundings,
  names: Names,
): ReadonlySet<string> {
  let proven = around.proven;
  const behind = new Set(around.locals);
  for (const [test, body] of statement.branches) {
    visit(test, { ...around, proven }, names);
    const inside = visitBody(body, { ...around, proven: union(proven, provenWhen(test, true)) }, names);
    for (const name of inside) behind.add(name);
    proven = union(proven, provenWhen(test, false));
  }
  for (const name of visitBody(statement.otherwise, { ...around, proven }, names)) behind.add(name);
  return behind;
}

function visit(node: Expression, around: Surroundings, names: Names): void {
  switch (node.kind) {
    case 'constant':
      return;
    case 'name':
      if (around.locals.has(node.name)) return;
      (around.proven.has(node.name) ? names.guarded : names.used).add(node.name);
      return;
    case 'call':
      if (node.callee.kind !== 'name' || globalNamed(node.callee.name) === undefined) visit(node.callee, around, names);
      visitArguments(node.args, around, names);
      return;
    case 'filter':
      if (node.input !== undefined) {
        const guards = node.name === 'default' || node.name === 'd' || node.name === 'mandatory';
        visit(node.input, guards && node.name !== 'mandatory' ? guardBase(node.input, around) : around, names);
      }
      visitArguments(node.args, around, names);
      return;
    case 'test':
      visit(node.input, isDefinedTest(node) ? guardBase(node.input, around) : around, names);
      visitArguments(node.args, around, names);
      return;
    case 'and':
    case 'or':
      visit(node.left, around, names);
      visit(node.right, { ...around, proven: union(around.proven, provenWhen(node.left, node.kind === 'and')) }, names);
      return;
    case 'choice':
      visit(node.test, around, names);
      visit(node.outcome, { ...around, proven: union(around.proven, provenWhen(node.test, true)) }, names);
      if (node.otherwise !== undefined) {
        visit(node.otherwise, { ...around, proven: union(around.proven, provenWhen(node.test, false)) }, names);
      }
      return;
    default:
      for (const child of childrenOf(node)) visit(child, around, names);
  }
}

function visitArguments(args: CallArguments, around: Surroundings, names: Names): void {
  const rest = [args.restPositional, args.restNamed].filter((node) => node !== undefined);
  for (const node of [...args.positional, ...args.named.map(([, value]) => value), ...rest]) visit(node, around, names);
}

function childrenOf(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case 'list':
    case 'tuple':
      return node.items;
    case 'dict':
      return node.entries.flat();
    case 'attribute':
      return [node.object];
    case 'item':
      return [node.object, node.key];
    case 'slice':
      return [node.object, node.start, node.stop, node.step].filter((part) => part !== undefined);
    case 'not':
    case 'sign':
      return [node.operand];
    case 'arithmetic':
      return [node.left, node.right];
    case 'concat':
      return node.parts;
    case 'compare':
      return [node.first, ...node.rest.map(([, operand]) => operand)];
    default:
      return [];
  }
}

function isDefinedTest(node: Extract<Expression, { kind: 'test' }>): boolean {
  return node.name === 'defined' || node.name === 'undefined';
}

/** `a` in `a.b['c'] | default(1)`: being undefined does no harm there. */
function guardBase(node: Expression, around: Surroundings): Surroundings {
  let base = node;
  while (base.kind === 'attribute' || base.kind === 'item') base = base.object;
  return base.kind === 'name' ? { ...around, proven: union(around.proven, new Set([base.name])) } : around;
}

/** Names that must be defined where a condition came out as `outcome`. */
function provenWhen(node: Expression, outcome: boolean): ReadonlySet<string> {
  if (node.kind === 'not') return provenWhen(node.operand, !outcome);
  if (node.kind === 'and' || node.kind === 'or') {
    if ((node.kind === 'and') !== outcome) return none;
    return union(provenWhen(node.left, outcome), provenWhen(node.right, outcome));
  }
  if (node.kind === 'test' && isDefinedTest(node) && (node.name === 'defined') === outcome) return baseOf(node.input);
  const isDefault = node.kind === 'filter' && (node.name === 'default' || node.name === 'd');
  if (isDefault && outcome && node.input !== undefined && defaultsToFalse(node.args)) return baseOf(node.input);
  return none;
}

const none: ReadonlySet<string> = new Set();

function baseOf(node: Expression): ReadonlySet<string> {
  let base = node;
  while (base.kind === 'attribute' || base.kind === 'item') base = base.object;
  return base.kind === 'name' ? new Set([base.name]) : none;
}

function defaultsToFalse(args: CallArguments): boolean {
  const [fallback] = args.positional;
  if (fallback === undefined) return true;
  if (fallback.kind === 'constant') return !fallback.value;
  return (
    (fallback.kind === 'list' && fallback.items.length === 0) ||
    (fallback.kind === 'dict' && fallback.entries.length === 0)
  );
}

function union(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  if (b.size === 0) return a;
  return a.size === 0 ? b : new Set([...a, ...b]);
}
