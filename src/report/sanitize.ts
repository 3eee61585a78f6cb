/**
 * Text from hosts as the terminal may see it: nothing in it moves the cursor, rings, recolours, retitles or reorders. Line
 * feeds and tabs stay; a carriage return before a line feed is a line end; every other control character is shown escaped.
 */
export function sanitize(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(unsafe, escaped);
}

/** The same for text that must stay on its line: names, items, labels. */
export function sanitizeLine(text: string): string {
  return sanitize(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** C0 without tab and line feed, DEL, C1, directional marks and overrides, line and paragraph separators, byte order mark, lone surrogates. */
const unsafe =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** JSON text without any character that a terminal could take for more than itself: all such stand within its strings. */
export function terminalSafeJson(json: string): string {
  return json.replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  if (character === '\r') return '\\r';
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}
