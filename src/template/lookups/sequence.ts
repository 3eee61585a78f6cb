import { checkLength } from '../budget.ts';
import { parseInteger } from '../numbers.ts';
import { percentFormat } from '../percent-format.ts';
import { str } from '../python-text.ts';
import { TemplateError } from '../values.ts';
import { allowOptions, type Lookup, textTerms } from './terms.ts';

const names = ['start', 'end', 'stride', 'count', 'format'];

/** `lookup('sequence', 'start=1 end=5 format=node%02d')`, and the short form `1-5/2:node%02d`. */
export const sequence: Lookup = (_context, terms, options) => {
  allowOptions('sequence', options, names);
  const lists = terms.length === 0 ? [''] : textTerms(terms);
  return lists.flatMap((term) => numbersOf({ ...options, ...parseTerm(term) }));
};

function parseTerm(term: string): Record<string, string> {
  const short = /^(?:(\d+|0x[\da-f]+)-)?(\d+|0x[\da-f]+)(?:\/(-?\d+))?(?::(.+))?$/i.exec(term.trim());
  const pairs = short === null ? term.trim().split(/\s+/).filter(Boolean).map(keyAndValue) : shortPairs(short);
  return Object.fromEntries(pairs);
}

function shortPairs([, start, end, stride, format]: readonly (string | undefined)[]): [string, string][] {
  const all: [string, string | undefined][] = [
    ['start', start],
    ['end', end],
    ['stride', stride],
    ['format', format],
  ];
  return all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}

function keyAndValue(word: string): [string, string] {
  const [, name = '', value = ''] = /^(\w+)=(.*)$/.exec(word) ?? [];
  if (!names.includes(name)) throw new TemplateError(`lookup 'sequence': '${word}' is not understood`);
  return [name, value];
}

function numbersOf(options: Readonly<Record<string, unknown>>): string[] {
  const number = (name: string, fallback: number) =>
    options[name] === undefined ? fallback : wholeNumber(name, options[name]);
  const start = number('start', 1);
  const count = options.count === undefined ? undefined : number('count', 0);
  if (count === 0) return [];
  if (count === undefined && options.end === undefined) throw new TemplateError("lookup 'sequence' needs end or count");
  const stride = number('stride', 1);
  const end = count === undefined ? number('end', 0) : start + (count - 1) * stride;
  if (stride === 0) return [];
  if (stride > 0 ? end < start : end > start) {
    throw new TemplateError(`lookup 'sequence': from ${start} there is no way to ${end} in steps of ${stride}`);
  }
  const length = Math.floor((end - start) / stride) + 1;
  checkLength(length);
  const format = options.format === undefined ? '%d' : str(options.format);
  return Array.from({ length }, (_, index) => percentFormat(format, start + index * stride));
}

function wholeNumber(name: string, value: unknown): number {
  const number = typeof value === 'number' ? value : parseInteger(str(value), 0);
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  throw new TemplateError(`lookup 'sequence': ${name} must be a whole number, not '${str(value)}'`);
}
