import { checkSize } from './budget.ts';
import { entryOf, isDict, isMapping, Tuple, typeName } from './kinds.ts';
import { fixed, floatText, numeric, toDouble, truncate } from './numbers.ts';
import { repr, str } from './python-text.ts';
import { TemplateError } from './values.ts';

const specification =
  /%(?:\((?<key>[^)]*)\))?(?<flags>[-+ #0]*)(?<width>\*|\d+)?(?:\.(?<precision>\d+))?[hlL]?(?<type>[\s\S])/g;

/** Python's `text % value`; `*` widths are left out, as nobody writes them in playbooks. */
export function percentFormat(text: string, value: unknown): string {
  const positional = value instanceof Tuple ? [...value] : [value];
  let used = 0;
  const result = text.replace(specification, (...match) => {
    const groups = match.at(-1) as Record<string, string | undefined>;
    if (groups.type === '%') return '%';
    let argument: unknown;
    if (groups.key !== undefined) argument = fromMapping(value, groups.key);
    else {
      if (used >= positional.length) throw new TemplateError('not enough arguments for format string');
      argument = positional[used];
      used += 1;
    }
    return convert(groups, argument);
  });
  if (used < positional.length && !isDict(value) && !(Array.isArray(value) && !(value instanceof Tuple))) {
    throw new TemplateError('not all arguments converted during string formatting');
  }
  checkSize(result.length);
  return result;
}

function fromMapping(value: unknown, key: string): unknown {
  if (!isMapping(value)) throw new TemplateError('format requires a mapping');
  const found = entryOf(value, key);
  if (found === undefined) throw new TemplateError(`the format wants the key '${key}', which is not there`);
  return found;
}

function convert(groups: Record<string, string | undefined>, argument: unknown): string {
  const { flags = '', width = '0', precision, type = '' } = groups;
  if (width === '*') throw new TemplateError("a width of '*' is not supported in format strings");
  if (Number(width) > 10_000 || Number(precision ?? 0) > 100) throw new TemplateError('the format is too wide');
  if (type === 's' || type === 'r' || type === 'a') {
    const plain = type === 's' ? str(argument) : repr(argument);
    return pad(
      precision === undefined ? plain : [...plain].slice(0, Number(precision)).join(''),
      '',
      flags,
      width,
      false,
    );
  }
  if (type === 'c')
    return pad(typeof argument === 'number' ? String.fromCodePoint(argument) : str(argument), '', flags, width, false);
  const number = numeric(argument);
  if (number === undefined)
    throw new TemplateError(`%${type} format: a real number is required, not ${typeName(argument)}`);
  const body = 'diuxXo'.includes(type)
    ? integerBody(truncate(number), type, flags, precision)
    : floatBody(toDouble(number), type, precision === undefined ? 6 : Number(precision));
  if (body === undefined) throw new TemplateError(`unsupported format character '${type}'`);
  const negative = body.startsWith('-');
  const sign = negative ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  return pad(negative ? body.slice(1) : body, sign, flags, width, true);
}

function integerBody(value: number | bigint, type: string, flags: string, precision: string | undefined): string {
  const radix = type === 'o' ? 8 : type === 'x' || type === 'X' ? 16 : 10;
  const size = (value < 0 ? -value : value).toString(radix).padStart(Number(precision ?? 0), '0');
  const prefix = flags.includes('#') && radix !== 10 ? (radix === 8 ? '0o' : '0x') : '';
  const text = `${value < 0 ? '-' : ''}${prefix}${size}`;
  return type === 'X' ? text.toUpperCase() : text;
}

/** The letters e, f, g and their capitals, as C and Python know them. */
export function floatBody(value: number, type: string, precision: number): string | undefined {
  if (!Number.isFinite(value)) return 'EFG'.includes(type) ? floatText(value).toUpperCase() : floatText(value);
  const lower = type.toLowerCase();
  let text: string;
  if (lower === 'f') text = fixed(value, precision);
  else if (lower === 'e') text = twoDigitExponent(value.toExponential(precision));
  else if (lower === 'g') text = general(value, precision || 1);
  else return undefined;
  return type === lower ? text : text.toUpperCase();
}

function general(value: number, precision: number): string {
  const exponent = value === 0 ? 0 : Number(value.toExponential(precision - 1).split('e')[1]);
  if (exponent < -4 || exponent >= precision) {
    return twoDigitExponent(value.toExponential(precision - 1).replace(/\.?0+e/, 'e'));
  }
  const text = fixed(value, Math.max(0, precision - 1 - exponent));
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

function twoDigitExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, 'e$10$2');
}

function pad(body: string, sign: string, flags: string, width: string, isNumber: boolean): string {
  const text = sign + body;
  if (flags.includes('-')) return text.padEnd(Number(width));
  if (isNumber && flags.includes('0')) return sign + body.padStart(Number(width) - sign.length, '0');
  return text.padStart(Number(width));
}
