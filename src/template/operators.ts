import { checkLength, checkSize } from './budget.ts';
import { Tuple, typeName } from './kinds.ts';
import { Float, integer, isFloat, type Numeric, numeric, toDouble } from './numbers.ts';
import { percentFormat } from './percent-format.ts';
import type { ArithmeticOperator } from './syntax.ts';
import { known } from './undefined.ts';
import { TemplateError } from './values.ts';

/** Python's arithmetic on numbers, texts and lists. */
export function arithmetic(operator: ArithmeticOperator, a: unknown, b: unknown): unknown {
  const left = known(a);
  const right = known(b);
  const x = numeric(left);
  const y = numeric(right);
  if (x !== undefined && y !== undefined) {
    return isFloat(x) || isFloat(y) || operator === '/' ? floats(operator, x, y) : integers(operator, x, y);
  }
  if (operator === '+') return plus(left, right);
  if (operator === '*') return times(left, right);
  if (operator === '%' && typeof left === 'string') return percentFormat(left, right);
  throw mismatch(operator, left, right);
}

function mismatch(operator: string, left: unknown, right: unknown): TemplateError {
  const types = `'${typeName(left)}' and '${typeName(right)}'`;
  const hint =
    typeof left === 'string' || typeof right === 'string' ? "; use '~' to join texts, or '| int' to make a number" : '';
  return new TemplateError(`unsupported operand types for ${operator}: ${types}${hint}`);
}

function plus(left: unknown, right: unknown): unknown {
  if (typeof left === 'string' && typeof right === 'string') {
    checkSize(left.length + right.length);
    return left + right;
  }
  if (Array.isArray(left) && Array.isArray(right) && left instanceof Tuple === right instanceof Tuple) {
    checkLength(left.length + right.length);
    const joined = [...left, ...right];
    return left instanceof Tuple ? Tuple.make(joined) : joined;
  }
  throw mismatch('+', left, right);
}

function times(left: unknown, right: unknown): unknown {
  const [sequence, factor] = typeof left === 'string' || Array.isArray(left) ? [left, right] : [right, left];
  const number = numeric(factor);
  if (number === undefined || isFloat(number)) throw mismatch('*', left, right);
  const count = Math.max(0, Number(toDouble(number)));
  if (typeof sequence === 'string') {
    checkSize(sequence.length * count);
    return sequence.repeat(count);
  }
  if (!Array.isArray(sequence)) throw mismatch('*', left, right);
  checkLength(sequence.length * count);
  const repeated = Array.from({ length: count }, () => sequence as unknown[]).flat();
  return sequence instanceof Tuple ? Tuple.make(repeated) : repeated;
}

function floats(operator: ArithmeticOperator, a: Numeric, b: Numeric): unknown {
  const x = toDouble(a);
  const y = toDouble(b);
  if (operator === '+') return Float.of(x + y);
  if (operator === '-') return Float.of(x - y);
  if (operator === '*') return Float.of(x * y);
  if (operator === '**') return Float.of(x ** y);
  if (y === 0) throw new TemplateError('division by zero');
  if (operator === '/') return Float.of(x / y);
  if (operator === '//') return Float.of(Math.floor(x / y));
  const rest = x % y;
  if (rest === 0) return Float.of(y < 0 ? -0 : 0);
  return Float.of(rest < 0 !== y < 0 ? rest + y : rest);
}

function integers(operator: ArithmeticOperator, a: Numeric, b: Numeric): unknown {
  const x = toDouble(a);
  const y = toDouble(b);
  if ((operator === '//' || operator === '%') && y === 0) throw new TemplateError('division by zero');
  if (operator === '**' && y < 0) return floats(operator, a, b);
  if (typeof a !== 'bigint' && typeof b !== 'bigint') {
    const quick = smallIntegers(operator, x, y);
    if (Number.isSafeInteger(quick)) return quick + 0;
  }
  const exactly = largeIntegers(operator, exact(a), exact(b));
  if (exactly > largest || exactly < -largest) throw new TemplateError('the number is too large');
  return integer(exactly);
}

function smallIntegers(operator: ArithmeticOperator, x: number, y: number): number {
  if (operator === '+') return x + y;
  if (operator === '-') return x - y;
  if (operator === '*') return x * y;
  if (operator === '//') return (x - modulo(x, y)) / y;
  return operator === '%' ? modulo(x, y) : x ** y;
}

function modulo(x: number, y: number): number {
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
}

const largest = 1n << 100_000n;

function largeIntegers(operator: ArithmeticOperator, x: bigint, y: bigint): bigint {
  if (operator === '+') return x + y;
  if (operator === '-') return x - y;
  if (operator === '*') return x * y;
  if (operator === '**') {
    if (BigInt(x.toString(2).length) * y > 100_000n) throw new TemplateError('the number is too large');
    return x ** y;
  }
  const rest = x % y;
  const wanted = rest !== 0n && rest < 0n !== y < 0n ? rest + y : rest;
  return operator === '%' ? wanted : (x - wanted) / y;
}

function exact(value: Numeric): bigint {
  return typeof value === 'bigint' ? value : BigInt(toDouble(value));
}

/** Unary minus and plus. */
export function signed(operator: '-' | '+', operand: unknown): unknown {
  const number = numeric(known(operand));
  if (number === undefined) throw new TemplateError(`bad operand type for unary ${operator}: '${typeName(operand)}'`);
  if (operator === '+') return number;
  if (number instanceof Float) return new Float(-number.value);
  return number === 0 ? 0 : -number;
}
