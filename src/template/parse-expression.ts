import { Float } from './numbers.ts';
import type { ArithmeticOperator, CallArguments, ComparisonOperator, Expression } from './syntax.ts';
import { TokenCursor } from './token-cursor.ts';
import { readTokens, type Token } from './tokens.ts';
import { TemplateError } from './values.ts';

const comparisons = new Set(['==', '!=', '<', '<=', '>', '>=']);
const noArguments: CallArguments = { positional: [], named: [], restPositional: undefined, restNamed: undefined };

/** Parse a bare expression (`when`, `until`, …): the whole text must be one expression. */
export function parseExpression(text: string): Expression {
  const parser = new ExpressionParser(readTokens(text, 0, undefined, Float.of).tokens);
  if (parser.current.kind === 'end') throw new TemplateError('the expression is empty', 0);
  const expression = parser.parseChoice();
  parser.expectEnd();
  return expression;
}

/** Recursive descent with exactly Jinja2's precedence, over the tokens of one tag. */
export class ExpressionParser extends TokenCursor {
  /** An expression, or several with commas between, which make a tuple. */
  parseTuple(): Expression {
    const { offset } = this.current;
    const first = this.parseChoice();
    if (!this.isOperator(',')) return first;
    const items = [first];
    while (this.skipOperator(',')) {
      if (this.current.kind === 'end' || this.isOperator(')') || this.isOperator('=')) break;
      items.push(this.parseChoice());
    }
    return { kind: 'tuple', items, offset };
  }

  /** `outcome if test else otherwise`, the loosest of all. */
  parseChoice(): Expression {
    let expression = this.parseOr();
    while (this.skipName('if')) {
      const { offset } = expression;
      const test = this.parseOr();
      const otherwise = this.skipName('else') ? this.parseChoice() : undefined;
      expression = { kind: 'choice', test, outcome: expression, otherwise, offset };
    }
    return expression;
  }

  /** An expression without inline if, as `for … in` takes it. */
  parseOr(): Expression {
    let left = this.#parseAnd();
    while (this.skipName('or')) left = { kind: 'or', left, right: this.#parseAnd(), offset: left.offset };
    return left;
  }

  #parseAnd(): Expression {
    let left = this.#parseNot();
    while (this.skipName('and')) left = { kind: 'and', left, right: this.#parseNot(), offset: left.offset };
    return left;
  }

  #parseNot(): Expression {
    const { offset } = this.current;
    if (this.skipName('not')) return { kind: 'not', operand: this.#parseNot(), offset };
    return this.#parseComparison();
  }

  #parseComparison(): Expression {
    const first = this.#parseSum();
    const rest: (readonly [ComparisonOperator, Expression])[] = [];
    for (;;) {
      const operator = this.#comparisonOperator();
      if (operator === undefined) break;
      rest.push([operator, this.#parseSum()]);
    }
    return rest.length === 0 ? first : { kind: 'compare', first, rest, offset: first.offset };
  }

  #comparisonOperator(): ComparisonOperator | undefined {
    const { kind, text } = this.current;
    if (kind === 'operator' && comparisons.has(text)) {
      this.next();
      return text as ComparisonOperator;
    }
    if (this.skipName('in')) return 'in';
    const after = this.peek(1);
    if (this.isName('not') && after.kind === 'name' && after.text === 'in') {
      this.next();
      this.next();
      return 'not in';
    }
    return undefined;
  }

  #parseBinary(operators: readonly ArithmeticOperator[], parseOperand: () => Expression): Expression {
    let left = parseOperand();
    for (;;) {
      const { kind, text, offset } = this.current;
      const operator = kind === 'operator' ? operators.find((candidate) => candidate === text) : undefined;
      if (operator === undefined) return left;
      this.next();
      left = { kind: 'arithmetic', operator, left, right: parseOperand(), offset };
    }
  }

  #parseSum(): Expression {
    return this.#parseBinary(['+', '-'], () => this.#parseConcat());
  }

  #parseConcat(): Expression {
    const first = this.#parseProduct();
    if (!this.isOperator('~')) return first;
    const parts = [first];
    while (this.skipOperator('~')) parts.push(this.#parseProduct());
    return { kind: 'concat', parts, offset: first.offset };
  }

  #parseProduct(): Expression {
    return this.#parseBinary(['*', '/', '//', '%'], () => this.#parsePower());
  }

  #parsePower(): Expression {
    return this.#parseBinary(['**'], () => this.#parseUnary(true));
  }

  #parseUnary(withFilter: boolean): Expression {
    const { kind, text, offset } = this.current;
    let expression: Expression;
    if (kind === 'operator' && (text === '-' || text === '+')) {
      this.next();
      expression = { kind: 'sign', operator: text, operand: this.#parseUnary(false), offset };
    } else expression = this.#parsePrimary();
    expression = this.#parsePostfix(expression);
    return withFilter ? this.#parseFilters(expression) : expression;
  }

  #parsePrimary(): Expression {
    const token = this.current;
    const { offset } = token;
    if (token.kind === 'end') this.fail('expected an expression');
    this.next();
    if (token.kind === 'name') return namedValue(token.text, offset);
    if (token.kind === 'number') return { kind: 'constant', value: token.value, offset };
    if (token.kind === 'string') return { kind: 'constant', value: this.#adjacentStrings(token), offset };
    if (token.text === '[') return { kind: 'list', items: this.#parseItems(']'), offset };
    if (token.text === '{') return { kind: 'dict', entries: this.#parseEntries(), offset };
    if (token.text === '(') return this.#parseParenthesis(offset);
    this.back();
    return this.fail('expected an expression');
  }

  #adjacentStrings(first: Token): string {
    let value = String(first.value);
    while (this.current.kind === 'string') value += String(this.next().value);
    return value;
  }

  #parseParenthesis(offset: number): Expression {
    if (this.skipOperator(')')) return { kind: 'tuple', items: [], offset };
    const inner = this.parseTuple();
    this.expectOperator(')');
    return inner;
  }

  #parseItems(closer: string): Expression[] {
    const items: Expression[] = [];
    while (!this.skipOperator(closer)) {
      if (items.length > 0) this.expectOperator(',');
      if (this.skipOperator(closer)) break;
      items.push(this.parseChoice());
    }
    return items;
  }

  #parseEntries(): (readonly [Expression, Expression])[] {
    const entries: (readonly [Expression, Expression])[] = [];
    while (!this.skipOperator('}')) {
      if (entries.length > 0) this.expectOperator(',');
      if (this.skipOperator('}')) break;
      const key = this.parseChoice();
      this.expectOperator(':');
      entries.push([key, this.parseChoice()]);
    }
    return entries;
  }

  #parsePostfix(start: Expression): Expression {
    let expression = start;
    for (;;) {
      const { offset } = this.current;
      if (this.skipOperator('.')) expression = this.#parseMember(expression, offset);
      else if (this.skipOperator('[')) expression = this.#parseSubscript(expression, offset);
      else if (this.isOperator('(')) {
        expression = { kind: 'call', callee: expression, args: this.parseArguments(), offset: expression.offset };
      } else return expression;
    }
  }

  #parseMember(object: Expression, offset: number): Expression {
    const token = this.current;
    if (token.kind === 'number' && /^\d+$/.test(token.text)) {
      this.next();
      return { kind: 'item', object, key: { kind: 'constant', value: token.value, offset: token.offset }, offset };
    }
    return { kind: 'attribute', object, name: this.expectName(), offset: token.offset };
  }

  #parseSubscript(object: Expression, offset: number): Expression {
    const bound = () => (this.isOperator(':') || this.isOperator(']') ? undefined : this.parseChoice());
    const start = bound();
    if (!this.skipOperator(':')) {
      this.expectOperator(']');
      if (start === undefined) this.fail('expected an index');
      return { kind: 'item', object, key: start, offset };
    }
    const stop = bound();
    const step = this.skipOperator(':') ? bound() : undefined;
    this.expectOperator(']');
    return { kind: 'slice', object, start, stop, step, offset };
  }

  parseArguments(): CallArguments {
    this.expectOperator('(');
    const positional: Expression[] = [];
    const named: (readonly [string, Expression])[] = [];
    let restPositional: Expression | undefined;
    let restNamed: Expression | undefined;
    for (let first = true; !this.skipOperator(')'); first = false) {
      if (!first) this.expectOperator(',');
      if (this.skipOperator(')')) break;
      if (this.skipOperator('**')) restNamed = this.parseChoice();
      else if (this.skipOperator('*')) restPositional = this.parseChoice();
      else if (this.current.kind === 'name' && this.peek(1).kind === 'operator' && this.peek(1).text === '=') {
        const name = this.next().text;
        this.next();
        named.push([name, this.parseChoice()]);
      } else if (named.length > 0) this.fail('a positional argument cannot follow a named one: expected name=');
      else positional.push(this.parseChoice());
    }
    return { positional, named, restPositional, restNamed };
  }

  #parseFilters(start: Expression): Expression {
    let expression = start;
    for (;;) {
      const { offset } = this.current;
      if (this.skipOperator('|')) expression = this.parseFilter(expression);
      else if (this.skipName('is')) expression = this.#parseTest(expression, offset);
      else if (this.isOperator('(')) {
        expression = { kind: 'call', callee: expression, args: this.parseArguments(), offset: expression.offset };
      } else return expression;
    }
  }

  /** The filter's name and arguments, behind the `|`. */
  parseFilter(input: Expression | undefined): Expression {
    const { offset } = this.current;
    const name = this.#dottedName();
    const args = this.isOperator('(') ? this.parseArguments() : noArguments;
    return { kind: 'filter', name, input, args, offset };
  }

  #dottedName(): string {
    let name = this.expectName();
    while (this.skipOperator('.')) name += `.${this.expectName()}`;
    return name;
  }

  #parseTest(input: Expression, start: number): Expression {
    const negated = this.skipName('not');
    const { offset } = this.current;
    const name = this.#dottedName();
    let args = noArguments;
    if (this.isOperator('(')) args = this.parseArguments();
    else if (this.#startsTestArgument()) {
      if (this.isName('is')) this.fail("tests cannot be chained with 'is': expected 'and'");
      args = { ...noArguments, positional: [this.#parsePostfix(this.#parsePrimary())] };
    }
    const test: Expression = { kind: 'test', name, input, args, offset };
    return negated ? { kind: 'not', operand: test, offset: start } : test;
  }

  #startsTestArgument(): boolean {
    const { kind, text } = this.current;
    if (kind === 'name') return !['else', 'or', 'and', 'if', 'not', 'in'].includes(text);
    return kind === 'string' || kind === 'number' || (kind === 'operator' && (text === '[' || text === '{'));
  }
}

function namedValue(name: string, offset: number): Expression {
  if (name === 'true' || name === 'True') return { kind: 'constant', value: true, offset };
  if (name === 'false' || name === 'False') return { kind: 'constant', value: false, offset };
  if (name === 'none' || name === 'None') return { kind: 'constant', value: null, offset };
  return { kind: 'name', name, offset };
}
