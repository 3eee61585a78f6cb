import { checkSize, spend } from './budget.ts';
import { formatText } from './format-text.ts';
import { type Definition, define } from './functions.ts';
import { elements, Tuple, typeName } from './kinds.ts';
import { toIndex } from './numbers.ts';
import { TemplateError } from './values.ts';

/** Python's `str` methods. */
export const textMethods: ReadonlyMap<string, Definition> = new Map(
  Object.entries({
    split: define('sep maxsplit', split),
    rsplit: define('sep maxsplit', rightSplit),
    splitlines: define('keepends', (text: string, keepEnds?: boolean) => splitLines(text, keepEnds === true)),
    strip: define('chars', (text: string, chars?: string | null) => strip(text, chars, true, true)),
    lstrip: define('chars', (text: string, chars?: string | null) => strip(text, chars, true, false)),
    rstrip: define('chars', (text: string, chars?: string | null) => strip(text, chars, false, true)),
    find: define('sub start end', (text: string, sub: unknown, start?: number, end?: number) =>
      windowed(text, start, end, (part) => part.indexOf(textOf(sub))),
    ),
    rfind: define('sub start end', (text: string, sub: unknown, start?: number, end?: number) =>
      windowed(text, start, end, (part) => part.lastIndexOf(textOf(sub))),
    ),
    index: define('sub start end', (text: string, sub: unknown, start?: number, end?: number) =>
      found(windowed(text, start, end, (part) => part.indexOf(textOf(sub)))),
    ),
    rindex: define('sub', (text: string, sub: unknown) => found(text.lastIndexOf(textOf(sub)))),
    count: define('sub', (text: string, sub: unknown) => text.split(textOf(sub)).length - (sub === '' ? 0 : 1)),
    startswith: define('prefix', (text: string, prefix: unknown) => anyOf(prefix, (one) => text.startsWith(one))),
    endswith: define('suffix', (text: string, suffix: unknown) => anyOf(suffix, (one) => text.endsWith(one))),
    removeprefix: define('prefix', (text: string, prefix: unknown) =>
      text.startsWith(textOf(prefix)) ? text.slice(textOf(prefix).length) : text,
    ),
    removesuffix: define('suffix', (text: string, suffix: unknown) =>
      suffix !== '' && text.endsWith(textOf(suffix)) ? text.slice(0, -textOf(suffix).length) : text,
    ),
    replace: define('old new count', replaceText),
    upper: define('', (text: string) => text.toUpperCase()),
    lower: define('', (text: string) => text.toLowerCase()),
    casefold: define('', (text: string) => text.toLowerCase().replaceAll('ß', 'ss')),
    title: define('', (text: string) => text.replace(/\p{L}+/gu, capitalize)),
    capitalize: define('', capitalize),
    swapcase: define('', (text: string) =>
      text.replace(/\p{L}/gu, (letter) =>
        letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase(),
      ),
    ),
    join: define('items', joinTexts),
    format: define('*values **named', (text: string, values: readonly unknown[], named: Record<string, unknown>) =>
      formatText(text, values, named),
    ),
    zfill: define('width', (text: string, width: unknown) => {
      const sign = /^[+-]/.exec(text)?.[0] ?? '';
      return sign + text.slice(sign.length).padStart(size(width) - sign.length, '0');
    }),
    ljust: define('width fill', (text: string, width: unknown, fill = ' ') => text.padEnd(size(width), fill)),
    rjust: define('width fill', (text: string, width: unknown, fill = ' ') => text.padStart(size(width), fill)),
    center: define('width fill', (text: string, width: unknown, fill = ' ') => center(text, size(width), fill)),
    partition: define('sep', (text: string, sep: unknown) =>
      partition(text, textOf(sep), text.indexOf(textOf(sep)), false),
    ),
    rpartition: define('sep', (text: string, sep: unknown) =>
      partition(text, textOf(sep), text.lastIndexOf(textOf(sep)), true),
    ),
    isdigit: define('', (text: string) => /^\p{Nd}+$/u.test(text)),
    isdecimal: define('', (text: string) => /^\p{Nd}+$/u.test(text)),
    isnumeric: define('', (text: string) => /^\p{N}+$/u.test(text)),
    isalpha: define('', (text: string) => /^\p{L}+$/u.test(text)),
    isalnum: define('', (text: string) => /^[\p{L}\p{N}]+$/u.test(text)),
    isspace: define('', (text: string) => /^\s+$/.test(text)),
    isupper: define('', (text: string) => text !== text.toLowerCase() && text === text.toUpperCase()),
    islower: define('', (text: string) => text !== text.toUpperCase() && text === text.toLowerCase()),
  }),
);

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new TemplateError(`must be str, not ${typeName(value)}`);
}

function size(width: unknown): number {
  const wanted = toIndex(width, 'the width');
  checkSize(wanted);
  return wanted;
}

function anyOf(wanted: unknown, test: (one: string) => boolean): boolean {
  return Array.isArray(wanted) ? wanted.some((one) => test(textOf(one))) : test(textOf(wanted));
}

function windowed(text: string, start = 0, end = text.length, search: (part: string) => number): number {
  const from = Math.max(0, start < 0 ? start + text.length : start);
  const at = search(text.slice(from, end < 0 ? end + text.length : end));
  return at < 0 ? -1 : at + from;
}

function found(at: number): number {
  if (at < 0) throw new TemplateError('substring not found');
  return at;
}

export function split(text: string, separator?: unknown, limit?: unknown): string[] {
  const most = limit === undefined || limit === null ? -1 : toIndex(limit, 'maxsplit');
  if (separator === undefined || separator === null) return splitWords(text, most);
  const wanted = textOf(separator);
  if (wanted === '') throw new TemplateError('split(): the separator is empty');
  const parts = text.split(wanted);
  spend(parts.length);
  if (most < 0 || parts.length <= most + 1) return parts;
  return [...parts.slice(0, most), parts.slice(most).join(wanted)];
}

function splitWords(text: string, most: number): string[] {
  const words: string[] = [];
  let rest = text.trimStart();
  while (rest !== '' && (most < 0 || words.length < most)) {
    spend(1);
    const gap = /\s+/.exec(rest);
    words.push(gap === null ? rest : rest.slice(0, gap.index));
    rest = gap === null ? '' : rest.slice(gap.index + gap[0].length);
  }
  return rest === '' ? words : [...words, rest];
}

function rightSplit(text: string, separator?: unknown, limit?: unknown): string[] {
  const parts = split(text, separator);
  const most = limit === undefined || limit === null ? -1 : toIndex(limit, 'maxsplit');
  if (most < 0 || parts.length <= most + 1) return parts;
  if (typeof separator !== 'string') throw new TemplateError('rsplit() with a limit needs a separator');
  const cut = parts.length - most;
  return [parts.slice(0, cut).join(separator), ...parts.slice(cut)];
}

/** Python's line ends: those of texts, the form feed and its kin, and Unicode's. */
const lineEnd = /\r\n|[\n\r\v\f\u0085\u2028\u2029]/g;

export function splitLines(text: string, keepEnds = false): string[] {
  const lines: string[] = [];
  let at = 0;
  for (const end of text.matchAll(lineEnd)) {
    const next = end.index + end[0].length;
    lines.push(text.slice(at, keepEnds ? next : end.index));
    at = next;
  }
  return at < text.length ? [...lines, text.slice(at)] : lines;
}

export function strip(text: string, chars: string | null | undefined, left: boolean, right: boolean): string {
  const set = chars === undefined || chars === null ? undefined : new Set(textOf(chars));
  const drop = (character: string) => (set === undefined ? /\s/.test(character) : set.has(character));
  let from = 0;
  let to = text.length;
  while (left && from < to && drop(text.charAt(from))) from += 1;
  while (right && to > from && drop(text.charAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

export function replaceText(text: string, old: unknown, replacement: unknown, count?: unknown): string {
  const parts = text.split(textOf(old));
  const most = count === undefined || count === null ? -1 : toIndex(count, 'count');
  const used = most < 0 ? parts.length - 1 : Math.min(most, parts.length - 1);
  checkSize(text.length + used * textOf(replacement).length);
  const changed = parts.slice(0, used + 1).join(textOf(replacement));
  if (used >= parts.length - 1) return old === '' ? textOf(replacement) + changed + textOf(replacement) : changed;
  return [changed, ...parts.slice(used + 1)].join(textOf(old));
}

export function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();
}

function joinTexts(separator: string, items: unknown): string {
  const texts = elements(items).map((item) => textOf(item));
  checkSize(texts.reduce((sum, text) => sum + text.length + separator.length, 0));
  return texts.join(separator);
}

/** Python puts the odd space on the left when the width is odd. */
export function center(text: string, width: number, fill = ' '): string {
  const space = width - text.length;
  if (space <= 0) return text;
  const left = Math.floor(space / 2) + (space & width & 1);
  return fill.repeat(left) + text + fill.repeat(space - left);
}

function partition(text: string, separator: string, at: number, fromRight: boolean): Tuple {
  if (at < 0) return Tuple.make(fromRight ? ['', '', text] : [text, '', '']);
  return Tuple.make([text.slice(0, at), separator, text.slice(at + separator.length)]);
}
