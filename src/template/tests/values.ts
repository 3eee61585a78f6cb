import { contains, equals, order } from '../compare.ts';
import { bool } from '../filters/values.ts';
import { define, lenient } from '../functions.ts';
import { Callable, elements, isMapping, isTrue, keyText, Namespace } from '../kinds.ts';
import { isFloat, numeric, toDouble } from '../numbers.ts';
import { arithmetic } from '../operators.ts';
import { known, Undefined, UnknownReached } from '../undefined.ts';
import { Unknown } from '../values.ts';

const isNumber = (value: unknown) => numeric(value) !== undefined;
const isInteger = (value: unknown) => isNumber(value) && !isFloat(value) && typeof value !== 'boolean';
const sequence = (value: unknown) => typeof value === 'string' || Array.isArray(value) || isMapping(value);
const remainder = (value: unknown, by: unknown) => equals(arithmetic('%', value, by), 0);

/** Tests on the type, the truth and the order of values. */
export const valueTests = {
  defined: lenient(define('', (value: unknown) => !(reached(value) instanceof Undefined))),
  undefined: lenient(define('', (value: unknown) => reached(value) instanceof Undefined)),
  none: define('', (value: unknown) => value === null),
  boolean: define('', (value: unknown) => typeof value === 'boolean'),
  true: define('', (value: unknown) => value === true),
  false: define('', (value: unknown) => value === false),
  integer: define('', isInteger),
  float: define('', (value: unknown) => isFloat(value)),
  number: define('', isNumber),
  string: define('', (value: unknown) => typeof value === 'string'),
  mapping: define('', (value: unknown) => isMapping(value)),
  sequence: define('', sequence),
  iterable: define('', sequence),
  callable: define('', (value: unknown) => value instanceof Callable),
  namespace: define('', (value: unknown) => value instanceof Namespace),
  truthy: define('convert_bool', (value: unknown, convert: unknown) => truthy(value, convert)),
  falsy: define('convert_bool', (value: unknown, convert: unknown) => !truthy(value, convert)),
  in: define('seq', (value: unknown, list: unknown) => contains(list, value)),
  contains: define('seq', (value: unknown, item: unknown) => contains(value, item)),
  subset: define('b', (a: unknown, b: unknown) => elements(a).every((item) => contains(b, item))),
  issubset: define('b', (a: unknown, b: unknown) => elements(a).every((item) => contains(b, item))),
  superset: define('b', (a: unknown, b: unknown) => elements(b).every((item) => contains(a, item))),
  issuperset: define('b', (a: unknown, b: unknown) => elements(b).every((item) => contains(a, item))),
  any: define('', (value: unknown) => elements(value).some(isTrue)),
  all: define('', (value: unknown) => elements(value).every(isTrue)),
  even: define('', (value: unknown) => remainder(value, 2)),
  odd: define('', (value: unknown) => equals(arithmetic('%', value, 2), 1)),
  divisibleby: define('num', remainder),
  nan: define('', (value: unknown) => Number.isNaN(toDouble(numeric(value) ?? 0))),
  isnan: define('', (value: unknown) => Number.isNaN(toDouble(numeric(value) ?? 0))),
  sameas: define('other', (a: unknown, b: unknown) => a === b),
  key: define('map', (key: unknown, map: unknown) => contains(map, keyText(key))),
  ...comparison(['eq', 'equalto', '=='], equals),
  ...comparison(['ne', '!='], (a, b) => !equals(a, b)),
  ...comparison(['lt', 'lessthan', '<'], (a, b) => order(a, b, '<') < 0),
  ...comparison(['le', '<='], (a, b) => order(a, b, '<=') <= 0),
  ...comparison(['gt', 'greaterthan', '>'], (a, b) => order(a, b, '>') > 0),
  ...comparison(['ge', '>='], (a, b) => order(a, b, '>=') >= 0),
};

function comparison(names: readonly string[], holds: (a: unknown, b: unknown) => boolean) {
  return Object.fromEntries(names.map((name) => [name, define('other', holds)]));
}

function reached(value: unknown): unknown {
  if (value instanceof Unknown) throw new UnknownReached(value);
  return value;
}

function truthy(value: unknown, convert: unknown): boolean {
  const plain = known(value);
  return convert === true && (typeof plain === 'string' || isNumber(plain)) ? bool(plain) === true : isTrue(plain);
}
