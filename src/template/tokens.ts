import { TemplateError } from './values.ts';

export type TokenKind = 'name' | 'string' | 'number' | 'operator' | 'end';

/** One token of an expression. `value` is the literal's value for strings and numbers, the text otherwise. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly value: unknown;
  readonly offset: number;
}

/** Tokens up to a closing delimiter; `after` is the position behind it, `control` the `-` or `+` before it. */
export interface TokenRun {
  readonly tokens: readonly Token[];
  readonly after: number;
  readonly control: string;
}

const space = /\s+/y;
const name = /[\p{L}_][\p{L}\p{N}_]*/uy;
const number =
  /0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[\da-fA-F])+|\d+(?:_\d+)*(?:(?:\.\d+(?:_\d+)*)?[eE][+-]?\d+|\.\d+(?:_\d+)*)?/y;
const string = /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y;
const operator = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}<>=.:|,;]/y;
const closers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };

/** `Float` marks a literal that Python reads as float although its value is whole. */
export type MakeFloat = (value: number) => unknown;

/**
 * Read tokens from `start` until `closing` (`}}`, `%}`) outside of all brackets, or until the end of the text when there is
 * no closing delimiter (a bare expression).
 */
export function readTokens(text: string, start: number, closing: string | undefined, makeFloat: MakeFloat): TokenRun {
  const tokens: Token[] = [];
  const open: string[] = [];
  let at = start;
  for (;;) {
    at = skip(space, text, at);
    if (closing !== undefined && open.length === 0) {
      const control = text[at] === '-' || text[at] === '+' ? (text[at] ?? '') : '';
      if (text.startsWith(closing, at + control.length)) {
        tokens.push({ kind: 'end', text: closing, value: undefined, offset: at });
        return { tokens, after: at + control.length + closing.length, control };
      }
    }
    if (at >= text.length) {
      if (closing !== undefined) throw new TemplateError(`${closing} is missing`, start);
      tokens.push({ kind: 'end', text: 'end of the expression', value: undefined, offset: at });
      return { tokens, after: at, control: '' };
    }
    const token = readToken(text, at, makeFloat);
    balance(token, open);
    tokens.push(token);
    at += token.text.length;
  }
}

function readToken(text: string, at: number, makeFloat: MakeFloat): Token {
  const word = match(name, text, at);
  if (word !== undefined) return { kind: 'name', text: word, value: word, offset: at };
  const digits = match(number, text, at);
  if (digits !== undefined) return { kind: 'number', text: digits, value: numberValue(digits, makeFloat), offset: at };
  const quoted = match(string, text, at);
  if (quoted !== undefined)
    return { kind: 'string', text: quoted, value: unescapeText(quoted.slice(1, -1), at), offset: at };
  const sign = match(operator, text, at);
  if (sign !== undefined) return { kind: 'operator', text: sign, value: sign, offset: at };
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  if (character === '"' || character === "'") throw new TemplateError(`the string is not closed by ${character}`, at);
  throw new TemplateError(`unexpected character ${JSON.stringify(character)}`, at);
}

function balance(token: Token, open: string[]): void {
  if (token.kind !== 'operator') return;
  const closer = closers[token.text];
  if (closer !== undefined) open.push(closer);
  else if (token.text === ')' || token.text === ']' || token.text === '}') {
    const expected = open.pop();
    if (expected === token.text) return;
    const wanted = expected === undefined ? '' : `, expected '${expected}'`;
    throw new TemplateError(`unexpected '${token.text}'${wanted}`, token.offset);
  }
}

function skip(pattern: RegExp, text: string, at: number): number {
  return at + (match(pattern, text, at)?.length ?? 0);
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function numberValue(digits: string, makeFloat: MakeFloat): unknown {
  const plain = digits.replaceAll('_', '');
  if (/^0[box]/i.test(plain) || /^\d+$/.test(plain)) {
    const value = BigInt(/^\d+$/.test(plain) ? plain : plain.toLowerCase());
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }
  return makeFloat(Number(plain));
}

const simpleEscapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** Python's escapes in a string literal; an escape that it does not know stays as it is. */
function unescapeText(body: string, offset: number): string {
  if (!body.includes('\\')) return body;
  return body.replace(
    /\\(?:([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([\s\S]))/g,
    (all, octal?: string, two?: string, four?: string, eight?: string, other?: string) => {
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      const hex = two ?? four ?? eight;
      if (hex === undefined) return simpleEscapes[other ?? ''] ?? all;
      const point = Number.parseInt(hex, 16);
      if (point > 0x10ffff) throw new TemplateError(`${all} is not a character`, offset);
      return String.fromCodePoint(point);
    },
  );
}
