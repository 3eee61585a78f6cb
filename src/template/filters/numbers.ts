import { createHash, randomInt } from 'node:crypto';
import { define } from '../functions.ts';
import { elements } from '../kinds.ts';
import { own } from '../methods.ts';
import { Float, fixed, isFloat, numeric, parseFloatText, toDouble, toIndex } from '../numbers.ts';
import { arithmetic, signed } from '../operators.ts';
import { str } from '../python-text.ts';
import { TemplateError } from '../values.ts';
import { attributeGetter } from './attributes.ts';

/** Filters on numbers, and random choice. */
export const numberFilters = {
  abs: define('', (value: unknown) => signed(toDouble(needNumber(value)) < 0 ? '-' : '+', needNumber(value))),
  round: define('precision method', round),
  sum: define('attribute start', (value: unknown, attribute: unknown, start: unknown = 0) =>
    elements(value)
      .map(attribute === undefined || attribute === null ? (item) => item : attributeGetter(attribute))
      .reduce((sum, item) => arithmetic('+', sum, item), start),
  ),
  pow: define('y', (x: unknown, y: unknown) => Float.of(toDouble(needNumber(x)) ** toDouble(needNumber(y)))),
  root: define('base', (x: unknown, base: unknown = 2) => {
    const degree = toDouble(needNumber(base));
    const value = toDouble(needNumber(x));
    return Float.of(degree === 2 ? Math.sqrt(value) : value ** (1 / degree));
  }),
  log: define('base', (x: unknown, base: unknown = Math.E) => {
    const value = toDouble(needNumber(x));
    const to = toDouble(needNumber(base));
    return Float.of(to === Math.E ? Math.log(value) : to === 10 ? Math.log10(value) : Math.log(value) / Math.log(to));
  }),
  human_readable: define('isbits unit', humanReadable),
  human_to_bytes: define('default_unit isbits', humanToBytes),
  filesizeformat: define('binary', fileSize),
  random: define('start step seed', (value: unknown, start: unknown = 0, step: unknown = 1, seed?: unknown) => {
    const draw = drawer(seed);
    if (typeof value !== 'number') {
      const list = elements(value);
      if (list.length === 0) throw new TemplateError('random needs a list that is not empty');
      return list[draw(list.length)];
    }
    const from = toIndex(start ?? 0, 'start');
    const by = toIndex(step ?? 1, 'step');
    const count = Math.ceil((value - from) / by);
    if (count < 1) throw new TemplateError('random has nothing to choose from');
    return from + by * draw(count);
  }),
  shuffle: define('seed', (value: unknown, seed?: unknown) => {
    const draw = drawer(seed);
    const list = [...elements(value)];
    for (let left = list.length; left > 1; left -= 1) {
      const [taken] = list.splice(draw(left), 1);
      list.push(taken);
    }
    return own(list);
  }),
};

function needNumber(value: unknown) {
  const number = typeof value === 'string' ? parseFloatText(value) : numeric(value);
  if (number === undefined) throw new TemplateError(`'${str(value)}' is not a number`);
  return number;
}

/** Python rounds halves to even; the digits beyond are those of the exact binary value. */
function round(value: unknown, precision: unknown = 0, method: unknown = 'common'): unknown {
  const number = needNumber(value);
  const digits = toIndex(precision, 'precision');
  if (!isFloat(number) && digits >= 0 && method === 'common') return number;
  const double = toDouble(number);
  if (Math.abs(digits) > 300) throw new TemplateError('round: too many digits');
  if (method === 'ceil') return Float.of(Math.ceil(double * 10 ** digits) / 10 ** digits);
  if (method === 'floor') return Float.of(Math.floor(double * 10 ** digits) / 10 ** digits);
  if (method !== 'common') throw new TemplateError("round: the method is 'common', 'ceil' or 'floor'");
  const rounded = digits > 0 && digits <= 100 ? Number(fixed(double, digits)) : roundWhole(double, -digits);
  return isFloat(number) || typeof value === 'string' ? Float.of(rounded) : Math.trunc(rounded);
}

function roundWhole(value: number, tens: number): number {
  const unit = 10 ** tens;
  const scaled = value / unit;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  return (up ? floor + 1 : floor) * unit;
}

/** A whole number below `limit`, by chance. */
export function pick(limit: number): number {
  return randomInt(limit);
}

/** Whole numbers below a limit. With a seed always the same ones, though not those that Python's generator gives. */
function drawer(seed: unknown): (limit: number) => number {
  if (seed === undefined || seed === null) return pick;
  let turn = 0;
  return (limit) => {
    const digest = createHash('sha256')
      .update(`${str(seed)}:${turn++}`)
      .digest();
    return Number(digest.readBigUInt64BE() % BigInt(limit));
  };
}

const units = ['Y', 'Z', 'E', 'P', 'T', 'G', 'M', 'K', ''];

function humanReadable(value: unknown, isBits: unknown = false, unit?: unknown): string {
  const size = toDouble(needNumber(value));
  const base = isBits === true ? 'bits' : 'Bytes';
  const wanted = unit === undefined || unit === null ? undefined : str(unit).toUpperCase().charAt(0);
  const letter = units.find((candidate, index) => {
    const limit = 1024 ** (8 - index);
    return (wanted === undefined && size >= limit) || (wanted !== undefined && candidate === wanted);
  });
  const limit = 1024 ** (8 - units.indexOf(letter ?? ''));
  const suffix = letter === undefined || letter === '' ? base : `${letter}${isBits === true ? 'b' : 'B'}`;
  return `${fixed(size / limit, 2)} ${suffix}`;
}

function humanToBytes(value: unknown, defaultUnit?: unknown, isBits: unknown = false): number {
  const parts = /^\s*(\d*\.?\d*)\s*([A-Za-z]+)?/.exec(str(value));
  const number = Number(parts?.[1] === '' ? Number.NaN : parts?.[1]);
  const unit = parts?.[2] ?? (defaultUnit === undefined || defaultUnit === null ? '' : str(defaultUnit));
  if (Number.isNaN(number)) throw new TemplateError(`human_to_bytes: '${str(value)}' is not a size`);
  const end = isBits === true ? '(?:b|bits?)' : '(?:B|bytes?)';
  const index = new RegExp(`^${end}?$`).test(unit) ? 8 : units.indexOf(unit.toUpperCase().charAt(0));
  if (index < 0 || !new RegExp(`^(?:[A-Za-z]|[A-Za-z]?${end}|[A-Za-z]+[aoi]${end})?$`).test(unit)) {
    throw new TemplateError(`human_to_bytes: the unit '${unit}' is not known (K, KB, M, MB, G, …)`);
  }
  return Math.round(number * 1024 ** (8 - index));
}

function fileSize(value: unknown, binary: unknown = false): string {
  const size = toDouble(needNumber(value));
  const base = binary === true ? 1024 : 1000;
  const suffixes = binary === true ? ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'] : ['kB', 'MB', 'GB', 'TB', 'PB'];
  if (size === 1) return '1 Byte';
  if (size < base) return `${Math.trunc(size)} Bytes`;
  const power = Math.min(Math.floor(Math.log(size) / Math.log(base)), suffixes.length);
  return `${fixed(size / base ** power, 1)} ${suffixes[power - 1]}`;
}
