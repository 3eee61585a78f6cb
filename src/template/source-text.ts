const sourceTexts = new WeakMap<object, Map<string | number, string>>();

/**
 * Keep how a value was written where the value alone does not tell: `7.0` and `0644` lose that as numbers, and a plain `no` is no
 * longer told from a quoted one. Only readers of source files call this.
 */
export function recordSourceText(container: object, key: string | number, text: string): void {
  const texts = sourceTexts.get(container) ?? new Map<string | number, string>();
  texts.set(key, text);
  sourceTexts.set(container, texts);
}

/** How the number or plain word under `key` was written in its source; undefined for anything else. */
export function sourceText(container: unknown, key: string | number): string | undefined {
  return typeof container === 'object' && container !== null ? sourceTexts.get(container)?.get(key) : undefined;
}

const words: Readonly<Record<string, boolean>> = { yes: true, on: true, no: false, off: false };

/** YAML 1.1's booleans that YAML 1.2 reads as text, in the usual cases. */
export function isBooleanWord(text: string): boolean {
  return /^(?:yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$/.test(text);
}

/** What a plain yes, no, on or off under `key` means where truth is asked; undefined for anything else. */
export function wordTruth(container: unknown, key: string | number): boolean | undefined {
  const text = sourceText(container, key);
  return text === undefined ? undefined : words[text.toLowerCase()];
}
