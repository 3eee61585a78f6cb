import { TemplateError } from './values.ts';

export interface Flags {
  ignoreCase: boolean;
  multiline: boolean;
  dotAll: boolean;
  verbose: boolean;
}

/** A pattern in JavaScript's syntax (to be used with the `u` flag) and the flags that it asked for itself. */
export interface Translated {
  readonly source: string;
  readonly flags: Flags;
  /** How often something is repeated or optional: from two on, one inside another may take exponential time. */
  readonly repetitions: number;
}

/** Rewrite a Python `re` pattern. Throws TemplateError for what JavaScript cannot express. */
export function translatePattern(pattern: string, given: Flags): Translated {
  return new Translator(pattern, { ...given }).run();
}

const classes: Readonly<Record<string, string>> = {
  w: '\\p{L}\\p{N}_',
  d: '\\p{Nd}',
  s: '\\s',
};

class Translator {
  readonly #pattern: string;
  readonly #flags: Flags;
  #at = 0;
  #out = '';
  #repetitions = 0;

  constructor(pattern: string, flags: Flags) {
    this.#pattern = pattern;
    this.#flags = flags;
  }

  run(): Translated {
    this.#leadingFlags();
    while (this.#at < this.#pattern.length) this.#step();
    return { source: this.#out, flags: this.#flags, repetitions: this.#repetitions };
  }

  #leadingFlags(): void {
    const found = /^\(\?([aiLmsux]+)\)/.exec(this.#pattern);
    if (found === null) return;
    const letters = found[1] ?? '';
    this.#at = found[0].length;
    this.#flags.ignoreCase ||= letters.includes('i');
    this.#flags.multiline ||= letters.includes('m');
    this.#flags.dotAll ||= letters.includes('s');
    this.#flags.verbose ||= letters.includes('x');
  }

  #take(pattern: RegExp): string | undefined {
    const sticky = new RegExp(pattern.source, 'yu');
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#pattern)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #step(): void {
    if (this.#flags.verbose && this.#take(/\s+|#[^\n]*/) !== undefined) return;
    const character = this.#take(/[\s\S]/) ?? '';
    if (character === '\\') this.#escape();
    else if (character === '[') this.#out += this.#characterClass();
    else if (character === '(') this.#group();
    else if (character === '.') this.#out += this.#flags.dotAll ? '[^]' : '[^\\n]';
    else if (character === '^') this.#out += this.#flags.multiline ? '(?<![^\\n])' : '^';
    else if (character === '$') this.#out += this.#flags.multiline ? '(?![^\\n])' : '(?=\\n?$)';
    else if (character === '*' || character === '+' || character === '?') this.#repetition(character);
    else if (character === '{') this.#braces();
    else if (character === '}' || character === ']' || character === '/') this.#out += `\\${character}`;
    else this.#out += character;
  }

  #repetition(quantifier: string): void {
    this.#repetitions += 1;
    this.#out += quantifier;
    if (this.#pattern.charAt(this.#at) === '+') this.#fail('possessive quantifiers are not supported');
  }

  #braces(): void {
    const bounds = this.#take(/\d*,?\d*\}/);
    const [, low = '', comma = '', high = ''] = /^(\d*)(,?)(\d*)\}$/.exec(bounds ?? '') ?? [];
    if (bounds === undefined || low + comma + high === '') this.#out += bounds === undefined ? '\\{' : '\\{\\}';
    else {
      this.#repetitions += 1;
      this.#out += `{${low === '' ? '0' : low}${comma}${high}}`;
    }
  }

  #group(): void {
    if (this.#take(/\?#[^)]*\)/) !== undefined) return;
    const reference = this.#take(/\?P=\w+\)/);
    if (reference !== undefined) {
      this.#out += `\\k<${reference.slice(3, -1)}>`;
      return;
    }
    const named = this.#take(/\?P?<[A-Za-z_]\w*>/);
    if (named !== undefined) {
      this.#out += `(?${named.slice(named.indexOf('<'))}`;
      return;
    }
    const kind = this.#take(/\?(?::|=|!|<=|<!)/);
    if (kind === undefined && this.#pattern.charAt(this.#at) === '?') {
      this.#fail('this kind of group is not supported (flags go to the start of the pattern)');
    }
    this.#out += `(${kind ?? ''}`;
  }

  #escape(): void {
    const letter = this.#take(/[\s\S]/u);
    if (letter === undefined) this.#fail('the pattern ends with a backslash');
    else if (letter === 'A') this.#out += '^';
    else if (letter === 'Z') this.#out += '$';
    else if (letter === 'b' || letter === 'B') this.#out += `\\${letter}`;
    else if (/[1-9]/.test(letter)) this.#out += `(?:\\${letter}${this.#take(/\d/) ?? ''})`;
    else if (classes[letter] !== undefined) this.#out += letter === 's' ? '\\s' : `[${classes[letter]}]`;
    else if (classes[letter.toLowerCase()] !== undefined) {
      this.#out += letter === 'S' ? '\\S' : `[^${classes[letter.toLowerCase()]}]`;
    } else this.#out += this.#literal(letter);
  }

  /** An escaped character that stands for itself, or a control character. */
  #literal(letter: string): string {
    if ('nrtvf'.includes(letter)) return `\\${letter}`;
    if (letter === 'a') return '\\x07';
    if (letter === '0') return '\\x00';
    if (letter === 'x') return `\\x${this.#take(/[\da-fA-F]{2}/) ?? this.#fail('\\x needs two digits')}`;
    if (letter === 'u') return `\\u${this.#take(/[\da-fA-F]{4}/) ?? this.#fail('\\u needs four digits')}`;
    if (/[A-Za-z]/.test(letter)) return this.#fail(`bad escape \\${letter}`);
    return /[\^$\\.*+?()[\]{}|/-]/.test(letter) ? `\\x${hex(letter)}` : letter;
  }

  #characterClass(): string {
    let out = this.#take(/\^/) === undefined ? '[' : '[^';
    if (this.#take(/\]/) !== undefined) out += '\\]';
    for (;;) {
      const character = this.#take(/[\s\S]/);
      if (character === undefined) return this.#fail('unterminated character set');
      if (character === ']') return `${out}]`;
      if (character === '\\') out += this.#classEscape();
      else if (character === '-') out += this.#isRange(out) ? '-' : '\\-';
      else out += /[[(){}/|^$.*+?]/.test(character) ? `\\x${hex(character)}` : character;
    }
  }

  /** A hyphen between two single characters. At an edge, or beside `\w`, Python takes it as itself. */
  #isRange(out: string): boolean {
    const next = this.#pattern.charAt(this.#at);
    const nextIsClass = next === '\\' && /[wWdDsS]/.test(this.#pattern.charAt(this.#at + 1));
    return next !== ']' && !nextIsClass && !/(?:^\[\^?|\\[sSWDp]|\}|_)$/.test(out);
  }

  #classEscape(): string {
    const letter = this.#take(/[\s\S]/) ?? this.#fail('unterminated character set');
    if (classes[letter] !== undefined) return classes[letter] ?? '';
    if (letter === 'S' || letter === 'W') return `\\${letter}`;
    if (letter === 'D') return '\\P{Nd}';
    return letter === 'b' ? '\\x08' : this.#literal(letter);
  }

  #fail(what: string): never {
    throw new TemplateError(`the pattern '${this.#pattern}' cannot be used: ${what}`);
  }
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(2, '0');
}
