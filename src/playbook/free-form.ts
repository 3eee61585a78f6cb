import type { ModuleSchema } from './schema.ts';

/** One word of a free form, with its place in the text. */
interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface FreeFormEntry {
  readonly name: string;
  readonly value: string;
  /** Offsets of name and value in the text. */
  readonly nameStart: number;
  readonly valueStart: number;
  readonly end: number;
}

export type FreeForm =
  | { readonly entries: readonly FreeFormEntry[] }
  | { readonly problem: string; readonly hint: string; readonly start: number; readonly end: number };

/** `a=1 b="x y"`, as Ansible splits it: quotes and `{{ }}` keep blanks together. Parsed when a playbook is loaded, never after rendering. */
export function parseKeyValues(text: string): FreeForm {
  const words = splitWords(text);
  if (words === undefined) {
    return { problem: 'unbalanced quotes or braces', hint: 'write the arguments as a map', start: 0, end: text.length };
  }
  const entries: FreeFormEntry[] = [];
  for (const word of words) {
    const entry = keyValue(word);
    if (entry === undefined) {
      const hint = 'write the arguments as a map, one `name: value` a line';
      return { problem: `"${word.text}" is not name=value`, hint, start: word.start, end: word.end };
    }
    entries.push(entry);
  }
  return { entries };
}

/**
 * The free form of command, shell, raw and script: words `name=value` of the module's own arguments are taken out, wherever
 * they stand (as in Ansible), all else is the text, untouched.
 */
export function parseRaw(
  text: string,
  schema: ModuleSchema,
): { readonly raw: string; readonly entries: readonly FreeFormEntry[] } {
  const own = new Set(Object.keys(schema.properties).filter((name) => !['_raw', 'cmd', 'argv'].includes(name)));
  const entries: FreeFormEntry[] = [];
  let raw = '';
  let kept = 0;
  for (const word of splitWords(text) ?? []) {
    const entry = keyValue(word);
    if (entry === undefined || !own.has(entry.name)) continue;
    entries.push(entry);
    raw += text.slice(kept, word.start);
    kept = word.end;
  }
  raw += text.slice(kept);
  return { raw: entries.length === 0 ? text.trimStart() : raw.trim(), entries };
}

function keyValue(word: Word): FreeFormEntry | undefined {
  const name = /^[A-Za-z_]\w*(?==)/.exec(word.text)?.[0];
  if (name === undefined) return undefined;
  const written = word.text.slice(name.length + 1);
  const quoted = /^(['"])[\s\S]*\1$/.test(written) && written.length > 1;
  return {
    name,
    value: quoted ? readEscapes(written.slice(1, -1)) : readEscapes(written).trim(),
    nameStart: word.start,
    valueStart: word.start + name.length + 1 + (quoted ? 1 : 0),
    end: word.end,
  };
}

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** Ansible reads C escapes in the values of the free form, so that `line="a\nb"` has two lines. */
function readEscapes(text: string): string {
  return text.replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([\\'"abfnrtv]))/g, (_, byte, unit, letter) => {
    const code = byte ?? unit;
    return code === undefined ? (escapes[letter] ?? letter) : String.fromCharCode(Number.parseInt(code, 16));
  });
}

/** `undefined` when a quote or a brace is not closed. */
function splitWords(text: string): Word[] | undefined {
  const words: Word[] = [];
  let start: number | undefined;
  let quote = '';
  let closing = '';
  const finish = (end: number) => {
    if (start !== undefined) words.push({ text: text.slice(start, end), start, end });
    start = undefined;
  };
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charAt(index);
    const pair = text.slice(index, index + 2);
    // A backslash at the end of a line goes on in the next one.
    if (closing === '' && quote === '' && (/\s/.test(character) || pair === '\\\n')) {
      finish(index);
      continue;
    }
    start ??= index;
    if (closing !== '') {
      if (pair !== closing) continue;
      closing = '';
      index += 1;
    } else if (pair === '{{' || pair === '{%' || pair === '{#') {
      closing = { '{{': '}}', '{%': '%}', '{#': '#}' }[pair];
      index += 1;
    } else if (character === '\\' && quote !== "'") {
      index += 1;
    } else if (quote === character) {
      quote = '';
    } else if (quote === '' && (character === '"' || character === "'")) {
      quote = character;
    }
  }
  finish(text.length);
  return quote === '' && closing === '' ? words : undefined;
}
