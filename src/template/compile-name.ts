import type { Evaluate } from './compile-expression.ts';
import type { Frame } from './frame.ts';
import { Undefined } from './undefined.ts';
import { TemplateError, UndefinedNameError, UnsafeText } from './values.ts';

/** Read a variable: the template's own where it has one of that name, else the play's. `judged`: only whether it is true matters. */
export function compileName(name: string, offset: number, mayBeLocal: boolean, judged: boolean): Evaluate {
  const read = (frame: Frame) => lookUp(frame, name, offset);
  const outer = judged ? (frame: Frame) => frame.scope.wordTruth?.(name) ?? read(frame) : read;
  if (!mayBeLocal) return outer;
  return (frame) => {
    const local = frame.local(name);
    return local === undefined ? outer(frame) : local;
  };
}

function lookUp(frame: Frame, name: string, offset: number): unknown {
  let value: unknown;
  try {
    value = frame.scope.lookup(name);
  } catch (error) {
    return failedLookup(error, name, offset);
  }
  if (value === undefined) {
    return new Undefined(name, `'${name}' is undefined`, () => frame.scope.names(), offset);
  }
  return typeof value === 'object' && value instanceof UnsafeText ? value.text : value;
}

/**
 * The variable's own template failed. One that needs an undefined name counts as undefined itself, as in Ansible, so that
 * `default` and `is defined` work on it. Offsets within that other template mean nothing here and are replaced.
 */
function failedLookup(error: unknown, name: string, offset: number): Undefined {
  if (error instanceof UndefinedNameError) return new UndefinedThrough(error, name, offset);
  if (error instanceof TemplateError) throw new TemplateError(through(name, error.message), offset);
  throw error;
}

class UndefinedThrough extends Undefined {
  readonly #cause: UndefinedNameError;
  constructor(cause: UndefinedNameError, name: string, offset: number) {
    super(name, cause.message, () => [], offset);
    this.#cause = cause;
  }
  override fail(): never {
    const { variable, message, nearest } = this.#cause;
    throw new UndefinedNameError(variable, through(this.variable, message), nearest, this.offset);
  }
}

/** The way from variable to variable, as long as it can be read. */
function through(name: string, message: string): string {
  return message.startsWith('in variable') && message.length > 200 ? message : `in variable '${name}': ${message}`;
}
