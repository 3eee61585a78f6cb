import { attributeOf, itemOf } from './access.ts';
import { checkSize } from './budget.ts';
import type { Dict } from './kinds.ts';
import { fixed, isFloat, type Numeric, numeric, toDouble, truncate } from './numbers.ts';
import { floatBody } from './percent-format.ts';
import { repr, str } from './python-text.ts';
import { known } from './undefined.ts';
import { TemplateError } from './values.ts';

/** Python's `text.format(…)`. */
export function formatText(text: string, values: readonly unknown[], named: Dict): string {
  let automatic = 0;
  const result = text.replace(/\{\{|\}\}|\{([^{}!:]*)(?:!([rsa]))?(?::([^{}]*))?\}|[{}]/g, (all, ...groups) => {
    if (all === '{{' || all === '}}') return all.charAt(0);
    if (all === '{' || all === '}') throw new TemplateError(`single '${all}' in a format string`);
    const [field = '', conversion, specification = ''] = groups as (string | undefined)[];
    const [, first = '', path = ''] = /^([^.[]*)(.*)$/.exec(field) ?? [];
    const key = first === '' ? String(automatic++) : first;
    let value = /^\d+$/.test(key) ? values[Number(key)] : Object.hasOwn(named, key) ? named[key] : undefined;
    if (value === undefined) throw new TemplateError(`the format string wants '${key}', which is not given`);
    for (const step of path.matchAll(/\.([^.[]+)|\[([^\]]+)\]/g)) {
      const inner = step[2] ?? '';
      value =
        step[1] === undefined
          ? itemOf(value, /^\d+$/.test(inner) ? Number(inner) : inner)
          : attributeOf(value, step[1]);
    }
    if (conversion !== undefined) value = conversion === 's' ? str(value) : repr(value);
    return formatValue(known(value), specification);
  });
  checkSize(result.length);
  return result;
}

const specificationForm = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([bcdeEfFgGnosxX%])?$/u;

/** Python's format specification mini-language. */
function formatValue(value: unknown, specification: string): string {
  if (specification === '') return str(value);
  const parts = specificationForm.exec(specification);
  if (parts === null) throw new TemplateError(`invalid format specifier '${specification}'`);
  const [, fill = ' ', align, sign = '-', alternate, zero, width = '0', group, precision, type] = parts;
  if (Number(width) > 10_000 || Number(precision ?? 0) > 100) throw new TemplateError('the format is too wide');
  const number = typeof value === 'boolean' && type === undefined ? undefined : numeric(value);
  if (number === undefined || type === 's') {
    if (type !== undefined && type !== 's') throw new TemplateError(`format '${type}' needs a number`);
    const text = precision === undefined ? str(value) : str(value).slice(0, Number(precision));
    return pad('', text, align ?? '<', zero === undefined ? fill : '0', Number(width));
  }
  const body = numberBody(number, type, precision, alternate !== undefined);
  const negative = body.startsWith('-');
  const size = grouped(negative ? body.slice(1) : body, group);
  const shownSign = negative ? '-' : sign === '-' ? '' : sign;
  return pad(
    shownSign,
    size,
    align ?? (zero === undefined ? '>' : '='),
    zero === undefined ? fill : '0',
    Number(width),
  );
}

const radixes: Readonly<Record<string, readonly [number, string]>> = {
  b: [2, '0b'],
  o: [8, '0o'],
  x: [16, '0x'],
  X: [16, '0X'],
};

function numberBody(
  value: Numeric,
  type: string | undefined,
  precision: string | undefined,
  alternate: boolean,
): string {
  const radix = type === undefined ? undefined : radixes[type];
  if (radix !== undefined || type === 'd' || type === 'n' || type === 'c') {
    if (isFloat(value)) throw new TemplateError(`format '${type}' needs an integer`);
    if (type === 'c') return String.fromCodePoint(toDouble(value));
    const whole = truncate(value);
    const text = (whole < 0 ? -whole : whole).toString(radix?.[0] ?? 10);
    return (whole < 0 ? '-' : '') + (alternate ? (radix?.[1] ?? '') : '') + (type === 'X' ? text.toUpperCase() : text);
  }
  if (type === '%') return `${fixed(toDouble(value) * 100, Number(precision ?? 6))}%`;
  if (type === undefined)
    return precision === undefined ? str(value) : (floatBody(toDouble(value), 'g', Number(precision)) ?? '');
  return floatBody(toDouble(value), type, Number(precision ?? 6)) ?? '';
}

function grouped(body: string, separator: string | undefined): string {
  if (separator === undefined) return body;
  const [whole = '', rest] = body.split('.');
  const marked = whole.replace(/\B(?=(?:\d{3})+$)/g, separator);
  return rest === undefined ? marked : `${marked}.${rest}`;
}

function pad(sign: string, body: string, align: string, fill: string, width: number): string {
  const space = width - sign.length - body.length;
  if (space <= 0) return sign + body;
  if (align === '=') return sign + fill.repeat(space) + body;
  if (align === '<') return sign + body + fill.repeat(space);
  const left = align === '^' ? Math.floor(space / 2) : space;
  return fill.repeat(left) + sign + body + fill.repeat(space - left);
}
