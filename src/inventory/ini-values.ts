export interface IniWord {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The words of a host line; quotes hold blanks together and stay, a comment ends the line. */
export function iniWords(line: string): IniWord[] {
  const words: IniWord[] = [];
  for (const match of line.matchAll(/(?:"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'])+/g)) {
    const text = match[0];
    if (text.startsWith('#')) break;
    words.push({ text, start: match.index, end: match.index + text.length });
  }
  return words;
}

/** A value as Ansible reads it: a Python literal where it is one (number, True, None, quoted text, list, dict), else text. */
export function iniValue(text: string): unknown {
  if (/^[-+]?(0|[1-9]\d*)$/.test(text)) return Number(text);
  if (/^[-+]?\d+\.\d+$/.test(text)) return Number(text);
  if (text === 'True') return true;
  if (text === 'False') return false;
  if (text === 'None') return null;
  if (/^"(?:\\.|[^"\\])*"$/.test(text) || /^'[^']*'$/.test(text)) return text.slice(1, -1).replace(/\\(["\\])/g, '$1');
  if (/^[[{]/.test(text)) return literal(text) ?? text;
  return text;
}

/** Lists and dicts of literals differ from JSON in their quotes and in three words. */
function literal(text: string): unknown {
  const json = text.replace(
    /'([^'\\]*)'|"(?:\\.|[^"\\])*"|\b(True|False|None)\b/g,
    (match, single?: string, word?: string) => {
      if (single !== undefined) return JSON.stringify(single);
      if (word !== undefined) return { True: 'true', False: 'false', None: 'null' }[word] ?? word;
      return match;
    },
  );
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
