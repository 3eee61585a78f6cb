/**
 * The variables in what a shell's `export -p` prints. dash and BusyBox put values in `'…'`, with `'"'"'` for a quote; bash in `"…"` or,
 * where there are control characters, in `$'…'`. Quoted and bare parts may follow each other.
 */
export function exportedVariables(text: string): Record<string, string> {
  const variables: Record<string, string> = {};
  const start = /(?:export|declare -x|typeset -x) ([A-Za-z_][A-Za-z0-9_]*)(=?)/y;
  for (let at = 0; at < text.length; ) {
    start.lastIndex = at;
    const [whole = '', name = '', assigned = ''] = start.exec(text) ?? [];
    if (assigned === '') {
      const newline = text.indexOf('\n', at);
      at = newline === -1 ? text.length : newline + 1;
      continue;
    }
    const value = shellWord(text, at + whole.length);
    variables[name] = value.text;
    at = value.end + 1;
  }
  return variables;
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  v: '\v',
};

/** The word that begins at `from`, and where the newline after it stands. */
function shellWord(text: string, from: number): { readonly text: string; readonly end: number } {
  const part = /'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|\$'((?:[^'\\]|\\[\s\S])*)'|\\([\s\S])|([^'"\\\n$]+|\$)/y;
  let word = '';
  for (let at = from; ; at = part.lastIndex) {
    part.lastIndex = at;
    const match = part.exec(text);
    if (match === null) return { text: word, end: at };
    const [, single, double, ansi, escaped, bare] = match;
    if (double !== undefined) word += double.replace(/\\(["\\$`])/g, '$1');
    else if (ansi !== undefined) {
      // In the C locale bash writes what is not ASCII byte by byte.
      const bytes = ansi.replace(/\\([0-7]{1,3}|[\s\S])/g, (_, code: string) =>
        /^[0-7]/.test(code) ? String.fromCharCode(Number.parseInt(code, 8)) : (escapes[code] ?? code),
      );
      word += /^[\0-\xff]*$/.test(bytes) ? Buffer.from(bytes, 'latin1').toString('utf8') : bytes;
    } else word += single ?? escaped ?? bare ?? '';
  }
}
