import { nearestName } from './nearest-name.ts';
import { UndefinedNameError, Unknown } from './values.ts';

let made = 0;

/** How many undefined values came up so far: tells whether a result must be searched for them. */
export function undefinedCount(): number {
  return made;
}

/** A name, key or index that is not there. It may be tested and defaulted; any other use throws. */
export class Undefined {
  readonly variable: string;
  readonly offset: number | undefined;
  readonly #message: string;
  readonly #candidates: () => Iterable<string>;

  constructor(variable: string, message: string, candidates: () => Iterable<string>, offset?: number) {
    this.variable = variable;
    this.#message = message;
    this.#candidates = candidates;
    this.offset = offset;
    made += 1;
  }

  fail(): never {
    const nearest = nearestName(this.variable, this.#candidates());
    const message = nearest === undefined ? this.#message : `${this.#message}; did you mean '${nearest}'?`;
    throw new UndefinedNameError(this.variable, message, nearest, this.offset);
  }
}

/** Thrown by an operation that needs a value which only the real run can know; the whole evaluation is then that unknown. */
export class UnknownReached extends Error {
  readonly unknown: Unknown;
  constructor(unknown: Unknown) {
    super(unknown.why);
    this.unknown = unknown;
  }
}

/** The value itself, when it is there to be used. */
export function known(value: unknown): unknown {
  if (typeof value === 'object' && value !== null) {
    if (value instanceof Undefined) value.fail();
    if (value instanceof Unknown) throw new UnknownReached(value);
  }
  return value;
}
