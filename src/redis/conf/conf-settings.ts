import { splitConfWords } from './conf-words.ts';

/** A directive's lines, each a list of words without the directive's name. */
export type SettingLines = readonly (readonly string[])[];

/** Directives that may stand on several lines. */
const repeated = new Set(['save', 'rename-command', 'client-output-buffer-limit', 'include', 'loadmodule', 'user']);
/** Directives of several words on one line; of all others the value is one word, whatever it holds. */
const manyWords = new Set([
  'bind',
  'oom-score-adj-values',
  'latency-tracking-info-percentiles',
  'replicaof',
  'slaveof',
]);

function isRepeated(name: string): boolean {
  return repeated.has(name);
}

/** What never is shown. `user` lines hold passwords or their digests. */
export function isSecretDirective(name: string): boolean {
  return /^(requirepass|masterauth|primaryauth|user|.*-key-file-pass)$/.test(name);
}

/**
 * A setting's value as the inventory gives it: text, number, boolean, a list (lines, or words where a directive has many), or
 * for repeated directives a map of first word to the rest. Null leaves the directive out. Throws Error for other shapes.
 */
export function settingLines(name: string, value: unknown): SettingLines | undefined {
  if (value === null || value === undefined) {
    return undefined;
  }
  if (Array.isArray(value)) {
    return listLines(name, value);
  }
  if (typeof value === 'object') {
    if (!repeated.has(name)) {
      throw new Error(`${name} takes one value, not a map`);
    }
    return Object.entries(value).map(([first, rest]) => [first, ...mapWords(name, rest)]);
  }
  return [scalarWords(name, value)];
}

function listLines(name: string, list: readonly unknown[]): SettingLines {
  if (repeated.has(name)) {
    return list.length === 0 && name === 'save' ? [['']] : list.map((entry) => lineWords(name, entry));
  }
  if (!manyWords.has(name)) {
    throw new Error(`${name} takes one value, not a list`);
  }
  return [list.map((word) => scalar(name, word))];
}

function lineWords(name: string, entry: unknown): string[] {
  return Array.isArray(entry) ? entry.map((word) => scalar(name, word)) : scalarWords(name, entry);
}

/** `rename-command: {CONFIG: ""}`: an empty rest is an empty word. */
function mapWords(name: string, rest: unknown): string[] {
  const words = lineWords(name, rest);
  return words.length === 0 ? [''] : words;
}

function scalarWords(name: string, value: unknown): string[] {
  const text = scalar(name, value);
  if (text === '' || !(repeated.has(name) || manyWords.has(name)) || name === 'include') {
    return [text];
  }
  // A line break is no way to a second line: it separates words, as a space does.
  const words = splitConfWords(text.replace(/[\r\n]/g, ' '));
  if (!words) {
    throw new Error(`${name}: the quotes in its value are not balanced`);
  }
  return words;
}

function scalar(name: string, value: unknown): string {
  if (typeof value === 'boolean') {
    return value ? 'yes' : 'no';
  }
  if (typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))) {
    return String(value);
  }
  throw new Error(`${name} cannot be ${value === null ? 'null here' : `a value of type ${typeof value}`}`);
}

const units: Readonly<Record<string, number>> = {
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1_000_000,
  mb: 1024 ** 2,
  g: 1_000_000_000,
  gb: 1024 ** 3,
};

/** A word in the form in which equal ones are equal: sizes in bytes, numbers without leading zeros, names in lower case. */
function normalWord(word: string): string {
  const size = /^(\d+)(b|kb?|mb?|gb?)$/i.exec(word);
  if (size?.[1] && size[2]) {
    return String(Number(size[1]) * (units[size[2].toLowerCase()] ?? 1));
  }
  return /^(yes|no)$/i.test(word) ? word.toLowerCase() : /^\d+$/.test(word) ? word.replace(/^0+(?=\d)/, '') : word;
}

/** Do two settings of one directive mean the same to Redis? */
export function sameLines(name: string, a: SettingLines, b: SettingLines): boolean {
  const normal = (lines: SettingLines) => {
    const texts = lines.map((words) =>
      words.map((word) => (isSecretDirective(name) ? word : normalWord(word))).join('\0'),
    );
    return (name === 'save' || !repeated.has(name) ? texts : texts.sort()).join('\n');
  };
  return normal(a) === normal(b);
}

/** Does a live value (CONFIG GET) fulfil what is declared? */
export function liveMatches(name: string, lines: SettingLines, live: string): boolean {
  if (name === 'client-output-buffer-limit') {
    const classes = chunk(live.split(' '), 4);
    return lines.every((line) => classes.some((one) => sameLines(name, [roleClass(line)], [roleClass(one)])));
  }
  if (name === 'save') {
    const points = lines.flat().filter((word) => word !== '');
    return points.join(' ') === live;
  }
  if (isRepeated(name) || manyWords.has(name)) {
    return lines.flat().join(' ') === live || sameLines(name, [lines.flat()], [live.split(' ')]);
  }
  return sameLines(name, lines, [[live]]);
}

/** A live value as lines of a file. */
export function liveLines(name: string, live: string): SettingLines {
  if (name === 'save') return live === '' ? [['']] : chunk(live.split(' '), 2);
  if (name === 'client-output-buffer-limit') return chunk(live.split(' '), 4);
  return [manyWords.has(name) ? live.split(' ') : [live]];
}

/** The value that CONFIG SET takes. */
export function liveValue(lines: SettingLines): string {
  return lines.flat().join(' ');
}

/** Redis 4 says `slave` where later versions say `replica`, and both accept `slave`. */
function roleClass(words: readonly string[]): string[] {
  return words.map((word, index) => (index === 0 && word === 'replica' ? 'slave' : word));
}

function chunk(words: readonly string[], size: number): string[][] {
  const chunks: string[][] = [];
  for (let index = 0; index < words.length; index += size) {
    chunks.push(words.slice(index, index + size));
  }
  return chunks;
}
