/** Words of redis.conf: quoted by construction, so that no value can become a second word, a comment or another directive. */

const plain = /^[A-Za-z0-9_@%+:,./*~=&?^|<>!;()[\]{}-]+$/;
const named: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', a: '\x07' };

/** One word as Redis reads it back (sdssplitargs): control characters become `\xHH`, the empty word `""`. */
export function quoteConfWord(word: string): string {
  if (plain.test(word)) {
    return word;
  }
  let quoted = '';
  for (const character of word) {
    const code = character.codePointAt(0) ?? 0;
    if (character === '"' || character === '\\') {
      quoted += `\\${character}`;
    } else if (code < 0x20 || code === 0x7f) {
      quoted += `\\x${code.toString(16).padStart(2, '0')}`;
    } else {
      quoted += character;
    }
  }
  return `"${quoted}"`;
}

const space = /^[ \t\n\v\f\r]+/;

/**
 * The words of one line as Redis splits them; undefined when its quotes are not balanced. Redis works on bytes, and
 * CONFIG REWRITE writes each byte above 127 as `\xHH`, so the line is taken apart as bytes too.
 */
export function splitConfWords(line: string): string[] | undefined {
  const words: string[] = [];
  let rest = Buffer.from(line, 'utf8').toString('latin1').replace(space, '');
  while (rest !== '') {
    const word = readWord(rest);
    if (!word) {
      return undefined;
    }
    words.push(Buffer.from(word.text, 'latin1').toString('utf8'));
    rest = word.rest.replace(space, '');
  }
  return words;
}

function readWord(line: string): { text: string; rest: string } | undefined {
  let text = '';
  let index = 0;
  while (index < line.length && !space.test(line.charAt(index))) {
    const character = line.charAt(index);
    if (character === '"' || character === "'") {
      const quoted = readQuoted(line, index);
      // Redis wants a space after a closing quote.
      if (!quoted || (quoted.end < line.length && !space.test(line.charAt(quoted.end)))) {
        return undefined;
      }
      text += quoted.text;
      index = quoted.end;
    } else {
      text += character;
      index++;
    }
  }
  return { text, rest: line.slice(index) };
}

function readQuoted(line: string, start: number): { text: string; end: number } | undefined {
  const quote = line.charAt(start);
  let text = '';
  for (let index = start + 1; index < line.length; index++) {
    const character = line.charAt(index);
    if (character === quote) {
      return { text, end: index + 1 };
    }
    const next = line.charAt(index + 1);
    const hex = quote === '"' && character === '\\' ? /^\\x([0-9a-fA-F]{2})/.exec(line.slice(index)) : null;
    if (hex?.[1]) {
      text += String.fromCharCode(Number.parseInt(hex[1], 16));
      index += 3;
    } else if (character === '\\' && (quote === '"' || next === "'")) {
      text += quote === '"' ? (named[next] ?? next) : next;
      index++;
    } else {
      text += character;
    }
  }
  return undefined;
}
