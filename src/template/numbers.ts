import { TemplateError } from './values.ts';

/**
 * A whole number that Python holds as float: it prints as `2.0`. Other floats are plain numbers, and on leaving the engine
 * this becomes one too.
 */
export class Float {
  /** How many were made so far: tells whether a result must be searched for them. */
  static made = 0;
  readonly value: number;
  constructor(value: number) {
    this.value = value;
    Float.made += 1;
  }

  /** A Python float as the engine holds it. */
  static of(this: void, value: number): number | Float {
    return Number.isSafeInteger(value) ? new Float(value) : value;
  }
}

export type Numeric = number | bigint | Float;

/** The number that an int, float or bool stands for (True is 1), else `undefined`. */
export function numeric(value: unknown): Numeric | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value instanceof Float ? value : undefined;
}

/** True for Python's float, false for its int. */
export function isFloat(value: unknown): boolean {
  return value instanceof Float || (typeof value === 'number' && !Number.isSafeInteger(value));
}

export function toDouble(value: Numeric): number {
  return value instanceof Float ? value.value : Number(value);
}

/** An exact integer in the smallest form: number where that is safe, else bigint. */
export function integer(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** A float cut towards zero, as Python's `int()`. */
export function truncate(value: Numeric): number | bigint {
  if (typeof value === 'bigint') return value;
  const double = toDouble(value);
  if (!Number.isFinite(double)) throw new TemplateError(`cannot make an integer of ${double}`);
  const whole = Math.trunc(double);
  return Number.isSafeInteger(whole) ? whole + 0 : BigInt(whole);
}

/** An index or count: an int within the safe range. */
export function toIndex(value: unknown, what: string): number {
  const number = numeric(value);
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw new TemplateError(`${what} must be an integer`);
}

/** Python's `repr` of a float. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Object.is(value, -0)) return '-0.0';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  }
  const text = String(value);
  return text.includes('.') ? text : `${text}.0`;
}

/** `toFixed` with exact halves rounded to even, as Python does; JavaScript rounds them up. */
export function fixed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  if (digits > 70 || Math.abs(value) >= 1e21) return text;
  const exact = Math.abs(value).toFixed(digits + 30);
  if (!/50{29}$/.test(exact)) return text;
  const below = exact.slice(0, exact.length - (digits === 0 ? 31 : 30));
  return /[02468]$/.test(below) ? (value < 0 ? '-' : '') + below : text;
}

/** Python's own limit on the digits of a text that becomes an integer. */
const longestInteger = 4300;

/** Python's `int(text, base)`: `undefined` when the text is no such number. */
export function parseInteger(text: string, base: number): number | bigint | undefined {
  const digits = text
    .trim()
    .replaceAll(/(?<=[\da-z])_(?=[\da-z])/gi, '')
    .toLowerCase();
  const parts = /^([+-]?)(0[box])?([\da-z]+)$/.exec(digits);
  if (parts === null) return undefined;
  const [, sign = '', prefix = '', body = ''] = parts;
  if (body.length > longestInteger) return undefined;
  const prefixBase = { '0b': 2, '0o': 8, '0x': 16 }[prefix];
  if (prefixBase !== undefined && base !== prefixBase && base !== 0) return undefined;
  const radix = base === 0 ? (prefixBase ?? 10) : base;
  let value = 0n;
  for (const digit of body) {
    const weight = Number.parseInt(digit, 36);
    if (weight >= radix) return undefined;
    value = value * BigInt(radix) + BigInt(weight);
  }
  return integer(sign === '-' ? -value : value);
}

/** Python's `float(text)`: `undefined` when the text is no number. */
export function parseFloatText(text: string): number | undefined {
  const plain = text
    .trim()
    .replaceAll(/(?<=\d)_(?=\d)/g, '')
    .toLowerCase();
  if (/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/.test(plain)) return Number(plain);
  if (/^[+-]?(?:inf|infinity)$/.test(plain)) return plain.startsWith('-') ? -Infinity : Infinity;
  return /^[+-]?nan$/.test(plain) ? Number.NaN : undefined;
}
