import { Unknown, UnsafeText } from '../template/values.ts';
import { sanitize } from './sanitize.ts';

const shown = '********';
/**
 * Shorter secrets are hidden only where they are a whole value: blotting out every `a` would make output unreadable, and the
 * blots would tell what the secret is.
 */
const shortest = 4;
/** Lines of a secret of several lines (a private key) are hidden one by one from this length on. */
const shortestLine = 8;

/** Hides secrets by value, in every form that they may take on their way out, wherever they came from. */
export class Mask {
  readonly #secrets = new Set<string>();
  #pattern: RegExp | undefined;
  #stale = false;

  add(secret: string): void {
    if (secret === '' || secret === shown || this.#secrets.has(secret)) return;
    this.#secrets.add(secret);
    this.#stale = true;
  }

  get hidesNothing(): boolean {
    return this.#secrets.size === 0;
  }

  text(text: string): string {
    if (this.#secrets.has(text)) return shown;
    if (this.#stale) this.#rebuild();
    return this.#pattern === undefined ? text : text.replace(this.#pattern, shown);
  }

  /** Every text in a value, keys of maps included. The value itself is left as it is. */
  value<T>(value: T): T {
    return this.hidesNothing ? value : (this.#deep(value, 0) as T);
  }

  #deep(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.text(value);
    // A number can be the secret too: a PIN, a password of digits.
    if (typeof value === 'number' || typeof value === 'bigint') return this.#secrets.has(String(value)) ? shown : value;
    if (typeof value !== 'object' || value === null || depth > 200) return value;
    if (value instanceof Unknown) return new Unknown(this.text(value.why));
    if (value instanceof UnsafeText) return new UnsafeText(this.text(value.text));
    if (Array.isArray(value)) return value.map((one) => this.#deep(one, depth + 1));
    const entries = Object.entries(value).map(([key, one]) => [this.text(key), this.#deep(one, depth + 1)] as const);
    return Object.fromEntries(entries);
  }

  #rebuild(): void {
    const forms = [...new Set([...this.#secrets].flatMap(formsOf))].sort((a, b) => b.length - a.length);
    this.#pattern = forms.length === 0 ? undefined : new RegExp(forms.map(literal).join('|'), 'g');
    this.#stale = false;
  }
}

function formsOf(secret: string): string[] {
  const lines = secret.includes('\n') ? secret.split(/\r?\n/).filter((line) => line.trim().length >= shortestLine) : [];
  return [secret, secret.trim(), ...lines, ...lines.map((line) => line.trim())]
    .filter((form) => form.length >= shortest)
    .flatMap((form) => [
      form,
      jsonText(form),
      jsonText(jsonText(form)),
      sanitize(form),
      form.replaceAll("'", "'\\''"),
      form.replaceAll("'", "''"),
      ...urlForms(form),
      ...base64Forms(form),
    ]);
}

function jsonText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function urlForms(text: string): string[] {
  // Half a surrogate pair has no URL form.
  if (Buffer.from(text, 'utf8').toString('utf8') !== text) return [];
  const encoded = encodeURIComponent(text);
  const strict = encoded.replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
  const lower = (form: string) => form.replace(/%[0-9A-F]{2}/g, (one) => one.toLowerCase());
  return [encoded, strict, strict.replaceAll('%20', '+'), lower(encoded), lower(strict)];
}

/** Base64 of the text alone, and within a longer text, where its characters depend on how many bytes come before. */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8');
  const aligned = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const whole = (offset + bytes.length) % 3 === 0;
    return encoded.slice(offset === 0 ? 0 : offset + 1, whole ? undefined : -1);
  });
  return [bytes.toString('base64'), ...aligned]
    .filter((form) => form.length >= shortest + 1)
    .flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
