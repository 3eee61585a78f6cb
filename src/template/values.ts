/**
 * A value that only the real run can know (check mode). It spreads: whatever is computed from it is unknown too.
 * `why` names the task that would have produced it.
 */
export class Unknown {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

/** Text marked `!unsafe` in a source file: never rendered, whatever it contains. */
export class UnsafeText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A map whose entries are computed when they are asked for (`hostvars`, `hostvars[host]`, `vars`). */
export interface LazyMap {
  readonly lazyMap: true;
  get(key: string): unknown;
  has(key: string): boolean;
  keys(): string[];
}

export function isLazyMap(value: unknown): value is LazyMap {
  return typeof value === 'object' && value !== null && (value as { lazyMap?: unknown }).lazyMap === true;
}

/** Where a template finds its variables. */
export interface Scope {
  /** The variable's final (already rendered) value; `undefined` when the name is not defined. */
  lookup(name: string): unknown;
  /** What the variable is where truth is asked, when a source file has a plain yes, no, on or off for it; else undefined. */
  wordTruth?(name: string): boolean | undefined;
  /** All names, for "did you mean". */
  names(): Iterable<string>;
  /** Lookups with access to files (`lookup('file', …)`): the directory of the source file that holds the template. */
  readonly baseDir?: string | undefined;
}

/** A name that is not defined and not guarded by `default` or `is defined`. */
export class UndefinedNameError extends Error {
  override readonly name = 'UndefinedNameError';
  readonly variable: string;
  readonly nearest: string | undefined;
  /** The character within the template's text where the name stands. */
  readonly offset: number | undefined;
  constructor(variable: string, message: string, nearest?: string, offset?: number) {
    super(message);
    this.variable = variable;
    this.nearest = nearest;
    this.offset = offset;
  }
}

/** Wrong syntax or a failing filter, test or operator. `offset` is the character within the template's text. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
  readonly offset: number | undefined;
  constructor(message: string, offset?: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * A compiled template or expression. `names` are the free variables that it reads (not loop variables of its own, not names
 * that it only guards with `is defined` or `default`, which are in `guardedNames`).
 */
export interface Compiled {
  readonly names: ReadonlySet<string>;
  readonly guardedNames: ReadonlySet<string>;
  readonly isConstant: boolean;
  /** Throws UndefinedNameError or TemplateError. Bounded in time and in size of output. */
  evaluate(scope: Scope): unknown;
}
