import type { Token } from './tokens.ts';
import { TemplateError } from './values.ts';

/** Walks over the tokens of one tag and says what was expected where something else stands. */
export class TokenCursor {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get current(): Token {
    return this.peek(0);
  }

  peek(ahead: number): Token {
    const token = this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)];
    if (token === undefined) throw new TemplateError('the expression is empty', 0);
    return token;
  }

  next(): Token {
    const token = this.current;
    this.#at += 1;
    return token;
  }

  isOperator(text: string): boolean {
    return this.current.kind === 'operator' && this.current.text === text;
  }

  isName(text: string): boolean {
    return this.current.kind === 'name' && this.current.text === text;
  }

  skipOperator(text: string): boolean {
    const found = this.isOperator(text);
    if (found) this.#at += 1;
    return found;
  }

  skipName(text: string): boolean {
    const found = this.isName(text);
    if (found) this.#at += 1;
    return found;
  }

  expectOperator(text: string): void {
    if (!this.skipOperator(text)) this.fail(`expected '${text}'`);
  }

  expectName(): string {
    if (this.current.kind !== 'name') this.fail('expected a name');
    return this.next().text;
  }

  expectEnd(): void {
    if (this.current.kind !== 'end') this.fail('expected an operator or the end');
  }

  fail(wanted: string): never {
    const found = this.current.kind === 'end' ? this.current.text : `'${this.current.text}'`;
    throw new TemplateError(`${wanted}, found ${found}`, this.current.offset);
  }

  /** Back to the token that was read last. */
  back(): void {
    this.#at -= 1;
  }
}
