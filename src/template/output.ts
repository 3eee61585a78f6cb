import { checkSize } from './budget.ts';
import { str } from './python-text.ts';
import { known } from './undefined.ts';

/** What a template has put out so far. A single value keeps its native type; several become one text. */
export class Output {
  readonly #parts: unknown[] = [];
  #size = 0;

  text(text: string): void {
    this.#size += text.length;
    checkSize(this.#size);
    this.#parts.push(text);
  }

  value(value: unknown): void {
    if (typeof value === 'string') this.text(value);
    else this.#parts.push(known(value));
  }

  /** Nothing gives null, as Ansible's native templates do. */
  native(): unknown {
    if (this.#parts.length === 0) return null;
    return this.#parts.length === 1 ? this.#parts[0] : this.join();
  }

  /** None becomes an empty text, as in Ansible (Jinja2 alone would print "None"). */
  join(): string {
    let size = 0;
    const texts = this.#parts.map((part) => {
      const text = part === null ? '' : str(part);
      size += text.length;
      checkSize(size);
      return text;
    });
    return texts.join('');
  }
}
