import { checkSize } from '../budget.ts';
import { pairs } from '../dict-methods.ts';
import { define } from '../functions.ts';
import { type Dict, elements, isMapping, Tuple, typeName } from '../kinds.ts';
import { toIndex } from '../numbers.ts';
import { percentFormat } from '../percent-format.ts';
import { repr, str, textLength } from '../python-text.ts';
import { capitalize, center, replaceText, split, splitLines, strip } from '../text-methods.ts';
import { TemplateError } from '../values.ts';

/** Filters on texts. */
export const textFilters = {
  upper: define('', (value: unknown) => str(value).toUpperCase()),
  lower: define('', (value: unknown) => str(value).toLowerCase()),
  capitalize: define('', (value: unknown) => capitalize(str(value))),
  title: define('', (value: unknown) => str(value).replace(/[^-\s({[<]+/g, capitalize)),
  trim: define('chars', (value: unknown, chars?: string) => strip(str(value), chars, true, true)),
  replace: define('old new count', (value: unknown, old: unknown, replacement: unknown, count?: unknown) =>
    replaceText(str(value), str(old), str(replacement), count),
  ),
  split: define('sep maxsplit', (value: unknown, separator?: unknown, limit?: unknown) =>
    split(textOf(value), separator, limit),
  ),
  format: define('*values **named', (value: unknown, values: readonly unknown[], named: Dict) =>
    percentFormat(str(value), Object.keys(named).length > 0 ? named : Tuple.make(values)),
  ),
  center: define('width', (value: unknown, width: unknown = 80) => center(str(value), toIndex(width, 'width'))),
  indent: define('width first blank', indent),
  wordcount: define('', (value: unknown) => str(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0),
  wordwrap: define('width break_long_words wrapstring', wordWrap),
  truncate: define('length killwords end leeway', truncate),
  quote: define('', (value: unknown) => shellQuote(value === null ? '' : str(value))),
  escape: define('', (value: unknown) => escapeHtml(str(value))),
  e: define('', (value: unknown) => escapeHtml(str(value))),
  safe: define('', (value: unknown) => value),
  striptags: define('', (value: unknown) => withoutTags(str(value)).split(/\s+/).filter(Boolean).join(' ')),
  pprint: define('', (value: unknown) => repr(value)),
  urlencode: define('', urlEncode),
  urldecode: define('', (value: unknown) => percentDecode(str(value))),
  forceescape: define('', (value: unknown) => escapeHtml(str(value))),
  comment: define('style decoration prefix postfix', comment),
};

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new TemplateError(`split needs a text, not a ${typeName(value)}`);
}

function indent(value: unknown, width: unknown = 4, first: unknown = false, blank: unknown = false): string {
  const space = typeof width === 'string' ? width : ' '.repeat(toIndex(width, 'width'));
  const [head = '', ...rest] = `${str(value)}\n`.replace(/\n$/, '').split(/\r?\n/);
  checkSize((rest.length + 1) * space.length + str(value).length);
  const indented = rest.map((line) => (line === '' && blank !== true ? '' : space + line));
  return [first === true ? space + head : head, ...indented].join('\n');
}

function wordWrap(value: unknown, width: unknown = 79, breakLong: unknown = true, wrap: unknown = '\n'): string {
  const most = Math.max(1, toIndex(width, 'width'));
  return splitLines(str(value))
    .map((line) => wrapLine(line, most, breakLong === true).join(str(wrap)))
    .join(str(wrap));
}

function wrapLine(line: string, width: number, breakLong: boolean): string[] {
  const lines: string[] = [];
  let current = '';
  for (const chunk of line.match(/\s+|\S+/g) ?? []) {
    let rest = chunk;
    if (current.length + rest.length > width && current.trim() !== '') {
      lines.push(current.trimEnd());
      current = '';
      if (rest.trim() === '') continue;
    }
    while (breakLong && current.length + rest.length > width && rest.trim() !== '') {
      lines.push(current + rest.slice(0, width - current.length));
      rest = rest.slice(width - current.length);
      current = '';
    }
    current += rest;
  }
  return current.trim() === '' ? lines : [...lines, current.trimEnd()];
}

function truncate(
  value: unknown,
  length: unknown = 255,
  kill: unknown = false,
  end: unknown = '...',
  leeway: unknown = 5,
): string {
  const text = str(value);
  const most = toIndex(length, 'length');
  if (textLength(text) <= most + toIndex(leeway, 'leeway')) return text;
  const cut = [...text].slice(0, most - str(end).length).join('');
  if (kill === true) return cut + str(end);
  const lastSpace = cut.lastIndexOf(' ');
  return (lastSpace < 0 ? cut : cut.slice(0, lastSpace)) + str(end);
}

/** Python's `shlex.quote`. */
function shellQuote(text: string): string {
  if (text === '') return "''";
  return /[^\w@%+=:,./-]/.test(text) ? `'${text.replaceAll("'", `'"'"'`)}'` : text;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&#39;',
  '"': '&#34;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>'"]/g, (character) => entities[character] ?? character);
}

/** One pass over the text, however many unclosed brackets it has. */
function withoutTags(text: string): string {
  const kept: string[] = [];
  let at = 0;
  for (;;) {
    const open = text.indexOf('<', at);
    const isComment = open >= 0 && text.startsWith('<!--', open);
    const close = open < 0 ? -1 : text.indexOf(isComment ? '-->' : '>', open);
    if (close < 0) return [...kept, text.slice(at)].join('');
    kept.push(text.slice(at, open));
    at = close + (isComment ? 3 : 1);
  }
}

function urlEncode(value: unknown): string {
  if (typeof value === 'string' || (!Array.isArray(value) && !isMapping(value))) return percentEncode(str(value), '/');
  return pairs(value)
    .map(([key, item]) => `${percentEncode(key, '')}=${percentEncode(str(item), '')}`.replaceAll('%20', '+'))
    .join('&');
}

/** `+` is a blank, and what is no escape stays. */
function percentDecode(text: string): string {
  const bytes = text
    .replaceAll('+', ' ')
    .replace(/(?:%[\da-fA-F]{2})+/g, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8'));
  return bytes;
}

function percentEncode(text: string, safe: string): string {
  return encodeURIComponent(Buffer.from(text).toString())
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%2F', safe === '/' ? '/' : '%2F');
}

const commentStyles: Readonly<Record<string, readonly [string, string, string]>> = {
  plain: ['# ', '', ''],
  erlang: ['% ', '', ''],
  c: ['// ', '', ''],
  cblock: [' * ', '/*', ' */'],
  xml: [' - ', '<!--', '-->'],
};

/** A text as a comment: `{{ ansible_managed | comment }}`. */
function comment(
  value: unknown,
  style: unknown = 'plain',
  decoration?: unknown,
  prefix?: unknown,
  postfix?: unknown,
): string {
  const known = commentStyles[str(style)];
  if (known === undefined) throw new TemplateError(`comment: the style '${str(style)}' is not known`);
  const [mark, begin, end] = known;
  const line = decoration === undefined ? mark : str(decoration);
  const body = str(value)
    .split('\n')
    .map((text) => (line + text).trimEnd());
  const edge = (text: unknown) => (text === undefined ? line : str(text)).trimEnd();
  const inner = [edge(prefix), ...body, edge(postfix)];
  return [...(begin === '' ? [] : [begin]), ...inner, ...(end === '' ? [] : [end])].join('\n');
}

/** For `join`, which lives with the lists. */
export function joined(items: unknown, separator: string, pick: (item: unknown) => unknown): string {
  let size = 0;
  const texts = elements(items).map((item) => {
    const text = str(pick(item));
    size += text.length + separator.length;
    checkSize(size);
    return text;
  });
  return texts.join(separator);
}
