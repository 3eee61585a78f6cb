import { Float } from './numbers.ts';
import { Undefined, UnknownReached, undefinedCount } from './undefined.ts';
import { TemplateError } from './values.ts';

/** Steps of one evaluation, templates that it renders on the way included. A step costs about 0.1 µs. */
const stepLimit = 10_000_000;
/** Characters of one text, and of one evaluation's output. */
export const sizeLimit = 16 * 1024 * 1024;

let depth = 0;
let steps = 0;
let mutations = 0;

/** Count work whose amount depends on data: iterations and the elements that filters go through. */
export function spend(amount: number): void {
  steps += amount;
  if (steps > stepLimit) throw new TemplateError(`the template took more than ${stepLimit} steps`);
}

export function checkSize(length: number): void {
  if (length > sizeLimit) throw new TemplateError(`the template made a text of more than ${sizeLimit} characters`);
}

/** For a list about to be made with `length` elements. */
export function checkLength(length: number): void {
  if (length > stepLimit) throw new TemplateError(`the template made a list of more than ${stepLimit} elements`);
  spend(length);
}

/** A method changed a list or map in place, so that the result might contain itself. */
export function noteMutation(): void {
  mutations += 1;
}

/**
 * Run one evaluation within the limits and bring its result into plain form. Evaluations that it starts through its scope
 * share its budget.
 */
export function bounded(work: () => unknown): unknown {
  if (depth === 0) steps = 0;
  const before = marks();
  depth += 1;
  try {
    const value = work();
    if (typeof value !== 'object' || value === null) return value;
    return marks() === before ? value : leave(value, new Set());
  } catch (error) {
    if (error instanceof UnknownReached) return error.unknown;
    if (error instanceof RangeError)
      throw new TemplateError('the template is nested too deeply, or it refers to itself');
    throw error;
  } finally {
    depth -= 1;
  }
}

/** Grows whenever an evaluation makes what must not leave it as it is. */
function marks(): number {
  return undefinedCount() + Float.made + mutations;
}

/** Floats become numbers, undefined values throw; a container is copied only where that changes something. */
function leave(value: unknown, above: Set<object>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Undefined) return value.fail();
  if (value instanceof Float) return value.value;
  if (above.has(value)) throw new TemplateError('the template made a list or map that contains itself');
  above.add(value);
  const left = Array.isArray(value) ? leaveList(value, above) : isPlain(value) ? leaveDict(value, above) : value;
  above.delete(value);
  return left;
}

function leaveList(list: unknown[], above: Set<object>): unknown {
  spend(list.length);
  const plain = list.map((item) => leave(item, above));
  return plain.every((item, index) => item === list[index]) ? list : plain;
}

function leaveDict(dict: object, above: Set<object>): unknown {
  const entries = Object.entries(dict);
  spend(entries.length);
  const plain = entries.map(([key, item]) => [key, leave(item, above)] as const);
  return plain.every(([, item], index) => item === entries[index]?.[1]) ? dict : Object.fromEntries(plain);
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
