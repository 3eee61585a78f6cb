import { randomInt } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { equals } from '../compare.ts';
import { toIndex } from '../numbers.ts';
import { str } from '../python-text.ts';
import { UnknownReached } from '../undefined.ts';
import { TemplateError, Unknown } from '../values.ts';
import { allowOptions, type Lookup } from './terms.ts';

const sets: Readonly<Record<string, string>> = {
  ascii_letters: 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',
  ascii_lowercase: 'abcdefghijklmnopqrstuvwxyz',
  ascii_uppercase: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  digits: '0123456789',
  hexdigits: '0123456789abcdefABCDEF',
  punctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
};

/**
 * `lookup('password', 'file length=20 chars=ascii_letters,digits')`: the password kept in a file, made and kept there (0600)
 * the first time. In check mode nothing is written: a password that does not exist yet is unknown.
 */
export const password: Lookup = (context, terms, options) => {
  allowOptions('password', options, ['length', 'chars', 'seed']);
  return terms.map((term) => {
    const { file, settings } = parseTerm(str(term), options);
    const path = isAbsolute(file) ? file : join(context.scope.baseDir ?? '.', file);
    const isKept = path !== '/dev/null';
    if (isKept && existsSync(path))
      return readFileSync(path, 'utf8')
        .trimEnd()
        .replace(/ salt=\S+.*$/, '');
    if (isKept && equals(context.scope.lookup('ansible_check_mode') ?? false, true)) {
      throw new UnknownReached(new Unknown(`the password of ${path}, which the run would make`));
    }
    const made = generate(settings);
    if (isKept) keep(path, made);
    return made;
  });
};

interface Settings {
  readonly length: number;
  readonly chars: string;
}

function parseTerm(term: string, options: Readonly<Record<string, unknown>>): { file: string; settings: Settings } {
  const words = term.split(' ');
  const firstSetting = words.findIndex((word) => /^(?:length|chars|encrypt|ident|seed)=/.test(word));
  const file = (firstSetting < 0 ? words : words.slice(0, firstSetting)).join(' ');
  const given: Record<string, unknown> = { ...options };
  for (const word of firstSetting < 0 ? [] : words.slice(firstSetting)) {
    const [name = '', ...value] = word.split('=');
    if (name !== 'length' && name !== 'chars') throw new TemplateError(`lookup 'password': '${name}' is not supported`);
    given[name] = value.join('=');
  }
  const length = toIndex(Number(given.length ?? 20), "lookup 'password': length");
  if (length < 1 || length > 4096) throw new TemplateError("lookup 'password': length must be between 1 and 4096");
  const chars = given.chars ?? 'ascii_letters,digits,.,:-_';
  return {
    file,
    settings: { length, chars: characterSet(Array.isArray(chars) ? chars.map(str) : splitSets(str(chars))) },
  };
}

function splitSets(chars: string): string[] {
  const words = chars.replaceAll(',,', '\0').split(',');
  return words.map((word) => word.replaceAll('\0', ',')).filter((word) => word !== '');
}

function characterSet(words: readonly string[]): string {
  return [...new Set(words.map((word) => sets[word] ?? word).join(''))].join('');
}

function generate({ length, chars }: Settings): string {
  return Array.from({ length }, () => chars.charAt(randomInt(chars.length))).join('');
}

/** Exclusive creation: two runs at once must not keep two passwords. */
function keep(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(path, `${text}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    throw new TemplateError(
      `lookup 'password': ${path} cannot be written: ${error instanceof Error ? error.message : ''}`,
    );
  }
}
