import type { Context } from './functions.ts';
import type { Scope } from './values.ts';

/** The local variables of a running template (loop variables, `{% set %}`, macro parameters), inside the play's scope. */
export class Frame {
  readonly scope: Scope;
  readonly context: Context;
  readonly #parent: Frame | undefined;
  #variables: Map<string, unknown> | undefined;

  constructor(scope: Scope, context: Context, parent?: Frame) {
    this.scope = scope;
    this.context = context;
    this.#parent = parent;
  }

  inner(): Frame {
    return new Frame(this.scope, this.context, this);
  }

  set(name: string, value: unknown): void {
    this.#variables ??= new Map();
    this.#variables.set(name, value);
  }

  /** The innermost local variable of that name; `undefined` when there is none. */
  local(name: string): unknown {
    for (let frame: Frame | undefined = this; frame !== undefined; frame = frame.#parent) {
      const value = frame.#variables?.get(name);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}
