import { equals } from '../compare.ts';
import { define, lenient } from '../functions.ts';
import { isTrue, typeName } from '../kinds.ts';
import { Float, isFloat, numeric, parseFloatText, parseInteger, toDouble, truncate } from '../numbers.ts';
import { str } from '../python-text.ts';
import { known, Undefined, UnknownReached } from '../undefined.ts';
import { TemplateError, Unknown } from '../values.ts';

/** Filters about whether and what a value is. */
export const valueFilters = {
  default: lenient(define('default_value boolean', fallBack)),
  d: lenient(define('default_value boolean', fallBack)),
  mandatory: lenient(
    define('msg', (value: unknown, message?: unknown) => {
      if (value instanceof Undefined && typeof message === 'string') throw new TemplateError(message);
      return known(value);
    }),
  ),
  bool: define('', bool),
  int: define('default base', toInt),
  float: define('default', toFloat),
  string: define('', (value: unknown) => str(value)),
  ternary: lenient(
    define('true_val false_val none_val', (value: unknown, yes: unknown, no: unknown, none?: unknown) => {
      if (known(value) === null && none !== undefined) return none;
      return isTrue(value) ? yes : no;
    }),
  ),
  type_debug: define('', (value: unknown) => typeName(value)),
};

function fallBack(value: unknown, fallback: unknown = '', alsoFalse: unknown = false): unknown {
  if (value instanceof Undefined) return fallback;
  if (!isTrue(alsoFalse)) return value;
  if (value instanceof Unknown) throw new UnknownReached(value);
  return isTrue(value) ? value : fallback;
}

/** Ansible's `bool`: of texts only the usual words are true; None stays None. */
export function bool(value: unknown): boolean | null {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return ['yes', 'on', '1', 'true', 't', 'y'].includes(value.trim().toLowerCase());
  return equals(value, 1);
}

function toInt(value: unknown, fallback: unknown = 0, base: unknown = 10): unknown {
  if (typeof value === 'string') {
    const whole = parseInteger(value, typeof base === 'number' ? base : 10);
    if (whole !== undefined) return whole;
    const double = parseFloatText(value);
    return double === undefined || !Number.isFinite(double) ? fallback : truncate(double);
  }
  const number = numeric(value);
  if (number === undefined) return fallback;
  return Number.isFinite(toDouble(number)) ? truncate(number) : fallback;
}

function toFloat(value: unknown, fallback: unknown = Float.of(0)): unknown {
  const number = typeof value === 'string' ? parseFloatText(value) : numeric(value);
  if (number === undefined) return fallback;
  return isFloat(number) ? number : Float.of(toDouble(number));
}
