import { ExpressionParser } from './parse-expression.ts';
import { parseMacroSignature, parseTarget } from './parse-targets.ts';
import type { Segment } from './segments.ts';
import type { Expression, Statement, Target } from './syntax.ts';
import { TemplateError } from './values.ts';

/** Parse the segments of a template into statements. */
export function parseTemplate(segments: readonly Segment[]): readonly Statement[] {
  return new TemplateParser(segments).parseAll();
}

interface Block {
  readonly keyword: string;
  readonly parser: ExpressionParser;
  readonly offset: number;
}

const unsupported = new Set([
  'block',
  'extends',
  'include',
  'import',
  'from',
  'call',
  'autoescape',
  'do',
  'trans',
  'break',
  'continue',
]);

class TemplateParser {
  readonly #segments: readonly Segment[];
  #at = 0;

  constructor(segments: readonly Segment[]) {
    this.#segments = segments;
  }

  parseAll(): readonly Statement[] {
    const { body, end } = this.#parseBody([]);
    if (end !== undefined) throw new TemplateError(`'${end.keyword}' without its beginning`, end.offset);
    return body;
  }

  /** Statements up to a block whose keyword is one of `ends`, or up to the end of the text. */
  #parseBody(ends: readonly string[]): { body: Statement[]; end: Block | undefined } {
    const body: Statement[] = [];
    for (;;) {
      const segment = this.#segments[this.#at];
      if (segment === undefined) return { body, end: undefined };
      this.#at += 1;
      if (segment.kind === 'text') {
        if (segment.text !== '') body.push({ kind: 'text', text: segment.text, offset: segment.offset });
      } else {
        const parser = new ExpressionParser(segment.tokens);
        if (segment.kind === 'output') body.push(parseOutput(parser, segment.offset));
        else {
          const block = { keyword: parser.expectName(), parser, offset: segment.offset };
          if (ends.includes(block.keyword)) return { body, end: block };
          body.push(this.#parseBlock(block));
        }
      }
    }
  }

  /** The body of `opening` up to one of `ends`, which must come. */
  #parseInside(opening: Block, ends: readonly string[]): { body: Statement[]; end: Block } {
    const { body, end } = this.#parseBody(ends);
    if (end !== undefined) return { body, end };
    throw new TemplateError(`{% ${opening.keyword} %} has no {% ${ends.at(-1)} %}`, opening.offset);
  }

  #parseUntilEnd(opening: Block, end: string): Statement[] {
    const inside = this.#parseInside(opening, [end]);
    if (inside.end.parser.current.kind === 'name') inside.end.parser.next();
    inside.end.parser.expectEnd();
    return inside.body;
  }

  #parseBlock(block: Block): Statement {
    switch (block.keyword) {
      case 'if':
        return this.#parseIf(block);
      case 'for':
        return this.#parseFor(block);
      case 'set':
        return this.#parseSet(block);
      case 'with':
        return this.#parseWith(block);
      case 'filter': {
        const filters = parseFilterChain(block.parser, block.parser.parseFilter(undefined));
        return { kind: 'filter-block', filters, body: this.#parseUntilEnd(block, 'endfilter'), offset: block.offset };
      }
      case 'macro': {
        const { name, parameters } = parseMacroSignature(block.parser);
        return { kind: 'macro', name, parameters, body: this.#parseUntilEnd(block, 'endmacro'), offset: block.offset };
      }
      default:
        throw unknownBlock(block);
    }
  }

  #parseIf(block: Block): Statement {
    const branches: [Expression, Statement[]][] = [];
    let otherwise: Statement[] = [];
    let opening = block;
    for (;;) {
      if (opening.keyword === 'else') {
        opening.parser.expectEnd();
        otherwise = this.#parseUntilEnd(block, 'endif');
        break;
      }
      const test = whole(opening.parser, (parser) => parser.parseTuple());
      const { body, end } = this.#parseInside(block, ['elif', 'else', 'endif']);
      branches.push([test, body]);
      if (end.keyword === 'endif') {
        end.parser.expectEnd();
        break;
      }
      opening = end;
    }
    return { kind: 'if', branches, otherwise, offset: block.offset };
  }

  #parseFor(block: Block): Statement {
    const { parser, offset } = block;
    const target = parseTarget(parser);
    if (!parser.skipName('in')) parser.fail("expected 'in'");
    const iterable = parseIterable(parser);
    const condition = parser.skipName('if') ? parser.parseTuple() : undefined;
    if (parser.isName('recursive')) parser.fail('recursive loops are not supported: expected the end');
    parser.expectEnd();
    const { body, end } = this.#parseInside(block, ['else', 'endfor']);
    end.parser.expectEnd();
    const otherwise = end.keyword === 'else' ? this.#parseUntilEnd(block, 'endfor') : [];
    return { kind: 'for', target, iterable, condition, body, otherwise, offset };
  }

  #parseSet(block: Block): Statement {
    const { parser, offset } = block;
    const target = parseTarget(parser);
    if (parser.skipOperator('=')) {
      return { kind: 'set', target, value: whole(parser, (rest) => rest.parseTuple()), offset };
    }
    const filters = parser.skipOperator('|') ? parseFilterChain(parser, parser.parseFilter(undefined)) : undefined;
    parser.expectEnd();
    return { kind: 'set-block', target, filters, body: this.#parseUntilEnd(block, 'endset'), offset };
  }

  #parseWith(block: Block): Statement {
    const { parser, offset } = block;
    const bindings: [Target, Expression][] = [];
    while (parser.current.kind !== 'end') {
      if (bindings.length > 0) parser.expectOperator(',');
      const target = parseTarget(parser, true);
      parser.expectOperator('=');
      bindings.push([target, parser.parseChoice()]);
    }
    return { kind: 'with', bindings, body: this.#parseUntilEnd(block, 'endwith'), offset };
  }
}

function parseOutput(parser: ExpressionParser, offset: number): Statement {
  if (parser.current.kind === 'end') throw new TemplateError('the expression is empty', offset);
  return { kind: 'output', value: whole(parser, (rest) => rest.parseTuple()), offset };
}

function whole(parser: ExpressionParser, parse: (parser: ExpressionParser) => Expression): Expression {
  const expression = parse(parser);
  parser.expectEnd();
  return expression;
}

/** What `for` runs over: an expression without inline if, since `if` filters the loop. */
function parseIterable(parser: ExpressionParser): Expression {
  const first = parser.parseOr();
  if (!parser.isOperator(',')) return first;
  const items = [first];
  while (parser.skipOperator(',')) items.push(parser.parseOr());
  return { kind: 'tuple', items, offset: first.offset };
}

function parseFilterChain(parser: ExpressionParser, first: Expression): Expression {
  let chain = first;
  while (parser.skipOperator('|')) chain = parser.parseFilter(chain);
  parser.expectEnd();
  return chain;
}

function unknownBlock(block: Block): TemplateError {
  if (block.keyword.startsWith('end') || block.keyword === 'else' || block.keyword === 'elif') {
    return new TemplateError(`'${block.keyword}' without its beginning`, block.offset);
  }
  const why = unsupported.has(block.keyword) ? 'is not supported' : 'is unknown';
  return new TemplateError(`the block '${block.keyword}' ${why}`, block.offset);
}
