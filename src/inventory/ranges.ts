/** `web[01:10:2]` or `db[a:f]` as the names it stands for; a text without a range is itself. Null: the range is wrong. */
export function expandRange(text: string): string[] | null {
  const match = /^(.*?)\[([^\]]*)\](.*)$/.exec(text);
  if (!match) return [text];
  const [, head = '', inner = '', tail = ''] = match;
  const middles = rangeOf(inner);
  const tails = expandRange(tail);
  if (!middles || !tails) return null;
  return middles.flatMap((middle) => tails.map((rest) => head + middle + rest));
}

function rangeOf(inner: string): string[] | null {
  const parts = inner.split(':');
  const [from = '', to = '', stepText = '1'] = parts;
  const step = Number(stepText);
  if (parts.length < 2 || parts.length > 3 || !Number.isInteger(step) || step < 1) return null;
  if (/^\d*$/.test(from) && /^\d+$/.test(to)) return numbers(from || '0', to, step);
  if (/^[a-zA-Z]$/.test(from) && /^[a-zA-Z]$/.test(to)) return letters(from, to, step);
  return null;
}

/** A first number with leading zeros sets the width (`01` to `10`). */
function numbers(from: string, to: string, step: number): string[] | null {
  const width = from.startsWith('0') && from.length > 1 ? from.length : 0;
  if (Number(from) > Number(to) || (width > 0 && from.length !== to.length)) return null;
  const names: string[] = [];
  for (let number = Number(from); number <= Number(to); number += step) names.push(String(number).padStart(width, '0'));
  return names;
}

function letters(from: string, to: string, step: number): string[] | null {
  if (from > to) return null;
  const names: string[] = [];
  for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code += step) names.push(String.fromCharCode(code));
  return names;
}
