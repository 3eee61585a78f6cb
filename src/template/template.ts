import { bounded } from './budget.ts';
import { compile } from './compile-expression.ts';
import { namesOf } from './compile-targets.ts';
import { compileBody } from './compile-template.ts';
import { compiledLater, type TemplateKind } from './foreseen.ts';
import { Frame } from './frame.ts';
import type { DocumentOptions } from './functions.ts';
import { query } from './lookups/lookups.ts';
import { descendants } from './mentions.ts';
import { freeNames } from './names.ts';
import { Output } from './output.ts';
import { parseExpression } from './parse-expression.ts';
import { parseTemplate } from './parse-template.ts';
import { contextOf } from './registry.ts';
import { readSegments, type Whitespace } from './segments.ts';
import { recordSourceText, sourceText } from './source-text.ts';
import type { Expression, Statement } from './syntax.ts';
import { known } from './undefined.ts';
import { type Compiled, type Scope, TemplateError, Unknown, UnsafeText } from './values.ts';

const plainWhitespace: Whitespace = { trimBlocks: false, lstripBlocks: false };
const cacheLimit = 20_000;
const texts = new Map<string, Compiled>();
const expressions = new Map<string, Compiled>();
const conditions = new Map<string, Compiled>();

/** Whether a text holds anything to render. */
function isTemplate(text: string): boolean {
  return text.includes('{{') || text.includes('{%') || text.includes('{#');
}

/**
 * Compile a text of a source file. One whole `{{ expression }}` keeps the value's native type, and so does any template that
 * puts out one value; other text becomes a string. Throws TemplateError for wrong syntax.
 */
export function compileText(text: string): Compiled {
  const make = (parsed?: readonly Statement[]) =>
    isTemplate(text)
      ? compileStatements(parsed ?? statementsOf(text, plainWhitespace), (output) => output.native())
      : constant(text);
  return cached(texts, text, () => compiledLater('text', text, make) ?? make());
}

/**
 * Compile a bare expression, as `when` and `until` hold it. One wholly within `{{ }}` is taken too, as Ansible does.
 * `judged`: only whether it is true matters. Throws TemplateError for wrong syntax.
 */
export function compileExpression(text: string, judged = false): Compiled {
  if (/^\s*\{\{[\s\S]*\}\}\s*$/.test(text)) return compileText(text.trim());
  const make = (parsed?: Expression) => {
    const node = parsed ?? within(() => parseExpression(text));
    const evaluate = compile(node, new Set(), judged);
    return withNames([{ kind: 'output', value: node, offset: 0 }], (frame) => evaluate(frame));
  };
  return cached(judged ? conditions : expressions, text, () => compiledLater('expression', text, make) ?? make());
}

/** What the parser makes of a text of that kind. Throws TemplateError for wrong syntax. */
export function parsedTemplate(kind: TemplateKind, text: string): Expression | readonly Statement[] {
  return kind === 'text' ? statementsOf(text, plainWhitespace) : within(() => parseExpression(text));
}

const header = /^#jinja2:[ \t]*(.*)(?:\r?\n|$)/;

/**
 * Render a template file as Ansible's template module does: blocks' line ends are dropped, the last line end is kept, and a
 * first line `#jinja2: key: value, …` sets options. Gives text always, or an Unknown.
 */
export function renderDocument(text: string, scope: Scope, options: DocumentOptions = {}): string | Unknown {
  const head = header.exec(text);
  const given = { trimBlocks: true, lstripBlocks: false, ...options, ...headerOptions(head?.[1] ?? '') };
  const key = `${given.trimBlocks ? 't' : ''}${given.lstripBlocks ? 'l' : ''}:${text}`;
  const compiled = cached(texts, `\0document:${key}`, () => {
    // The header is blanked, not cut, so that offsets stay those of the file.
    const start = head?.[0].length ?? 0;
    return compileStatements(statementsOf(text, given, start), (output) => output.join());
  });
  const result = compiled.evaluate(scope);
  if (result instanceof Unknown) return result;
  const rendered = String(result);
  return given.newline === undefined || given.newline === '\n' ? rendered : rendered.replace(/\r?\n/g, given.newline);
}

function headerOptions(line: string): Partial<Whitespace> {
  const set: { trimBlocks?: boolean; lstripBlocks?: boolean } = {};
  for (const part of line.split(',').filter((one) => one.trim() !== '')) {
    const [name = '', value = ''] = part.split(':').map((word) => word.trim());
    const flag = /^(?:true|yes|on|1)$/i.test(value);
    if (name === 'trim_blocks') set.trimBlocks = flag;
    else if (name === 'lstrip_blocks') set.lstripBlocks = flag;
    else throw new TemplateError(`the option '${name}' of the #jinja2 line is not supported`, 0);
  }
  return set;
}

/** Render all texts inside a value read from a source file, keys of maps too. A value without templates is given back itself. */
export function renderValue(value: unknown, scope: Scope): unknown {
  if (typeof value === 'string') return isTemplate(value) ? compileText(value).evaluate(scope) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof UnsafeText) return value.text;
  if (Array.isArray(value)) return renderList(value, scope);
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? renderDict(value, scope) : value;
}

function renderList(list: readonly unknown[], scope: Scope): unknown {
  let rendered: unknown[] | undefined;
  list.forEach((item, index) => {
    const now = renderValue(item, scope);
    if (now === item && rendered === undefined) return;
    rendered ??= list.slice(0, index);
    rendered.push(now);
  });
  return rendered ?? list;
}

function renderDict(dict: object, scope: Scope): unknown {
  let changed = false;
  const entries = Object.entries(dict).map(([key, item]) => {
    const newKey = isTemplate(key) ? renderKey(key, scope) : key;
    const now = renderValue(item, scope);
    changed ||= now !== item || newKey !== key;
    return [newKey, now, key] as const;
  });
  if (!changed) return dict;
  const rendered = Object.fromEntries(entries);
  for (const [newKey, , key] of entries) {
    const text = sourceText(dict, key);
    if (text !== undefined) recordSourceText(rendered, newKey, text);
  }
  return rendered;
}

function renderKey(key: string, scope: Scope): string {
  const rendered = compileText(key).evaluate(scope);
  if (typeof rendered === 'string') return rendered;
  if (rendered instanceof Unknown)
    throw new TemplateError(`the key '${key}' is not known before the run: ${rendered.why}`, 0);
  if (typeof rendered === 'object') throw new TemplateError(`the key '${key}' does not give a text`, 0);
  return String(rendered);
}

/**
 * The items of a `with_…` loop: what the lookup of that name (`dict`, `sequence`, …) makes of the loop's rendered value.
 * Throws TemplateError for an unknown lookup.
 */
export function lookupItems(name: string, value: unknown, scope: Scope): readonly unknown[] | Unknown {
  const terms: readonly unknown[] = Array.isArray(value) ? value : [value];
  const items = bounded(() => query(contextOf(scope, renderDocument), [name, ...terms.map(known)], {}));
  return items instanceof Unknown || Array.isArray(items) ? items : [items];
}

function statementsOf(text: string, whitespace: Whitespace, start = 0): readonly Statement[] {
  return within(() => parseTemplate(readSegments(text, whitespace, start)));
}

/** Parsers recurse: a text with thousands of brackets is an error, not a crash. */
function within<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof RangeError) throw new TemplateError('the template is nested too deeply', 0);
    throw error;
  }
}

function compileStatements(body: readonly Statement[], result: (output: Output) => unknown): Compiled {
  const execute = compileBody(body, assignedNames(body));
  return withNames(body, (frame) => {
    const output = new Output();
    execute(frame, output);
    return result(output);
  });
}

/** The names are searched when somebody asks: who only renders does not. */
function withNames(body: readonly Statement[], run: (frame: Frame) => unknown): Compiled {
  let found: ReturnType<typeof freeNames> | undefined;
  const free = () => {
    found ??= freeNames(body);
    return found;
  };
  return {
    get names() {
      return free().used;
    },
    get guardedNames() {
      return free().guarded;
    },
    get isConstant() {
      const { used, guarded, volatile } = free();
      return used.size === 0 && guarded.size === 0 && !volatile;
    },
    evaluate: (scope) => bounded(() => run(new Frame(scope, contextOf(scope, renderDocument)))),
  };
}

function constant(text: string): Compiled {
  return { names: new Set(), guardedNames: new Set(), isConstant: true, evaluate: () => text };
}

/** Names that are local variables anywhere in the template. */
function assignedNames(body: readonly Statement[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const node of descendants(body)) {
    if (node.kind === 'for') names.add('loop');
    if (node.kind === 'macro')
      for (const name of [node.name, ...node.parameters.map((one) => one.name)]) names.add(name);
    if (node.kind === 'for' || node.kind === 'set' || node.kind === 'set-block') {
      for (const name of namesOf(node.target)) names.add(name);
    }
    if (node.kind === 'with') for (const [target] of node.bindings) for (const name of namesOf(target)) names.add(name);
  }
  return names;
}

/** Compiled templates by text; the oldest half is dropped when there are too many (texts made by `vars` lookups). */
function cached(cache: Map<string, Compiled>, text: string, make: () => Compiled): Compiled {
  const found = cache.get(text);
  if (found !== undefined) return found;
  const compiled = make();
  if (cache.size >= cacheLimit) for (const key of [...cache.keys()].slice(0, cacheLimit / 2)) cache.delete(key);
  cache.set(text, compiled);
  return compiled;
}
