import type { ExpressionParser } from './parse-expression.ts';
import type { Expression, MacroParameter, Target } from './syntax.ts';
import { TemplateError } from './values.ts';

const reserved = new Set([
  'true',
  'false',
  'none',
  'True',
  'False',
  'None',
  'and',
  'or',
  'not',
  'in',
  'is',
  'if',
  'else',
]);

/** `a`, `a, b`, `(a, b)` or `namespace.member`. With `single`, no comma. */
export function parseTarget(parser: ExpressionParser, single = false): Target {
  const first = parseOne(parser);
  if (single || !parser.isOperator(',')) return first;
  const targets = [first];
  while (parser.skipOperator(',')) targets.push(parseOne(parser));
  return { kind: 'names', targets };
}

function parseOne(parser: ExpressionParser): Target {
  if (parser.skipOperator('(')) {
    const inner = parseTarget(parser);
    parser.expectOperator(')');
    return inner;
  }
  const name = targetName(parser);
  return parser.skipOperator('.')
    ? { kind: 'member', namespace: name, name: parser.expectName() }
    : { kind: 'name', name };
}

function targetName(parser: ExpressionParser): string {
  const { offset, text } = parser.current;
  if (reserved.has(text)) throw new TemplateError(`'${text}' cannot be assigned to`, offset);
  return parser.expectName();
}

/** `name(a, b=1)` behind `macro`. */
export function parseMacroSignature(parser: ExpressionParser): { name: string; parameters: MacroParameter[] } {
  const name = targetName(parser);
  parser.expectOperator('(');
  const parameters: MacroParameter[] = [];
  while (!parser.skipOperator(')')) {
    if (parameters.length > 0) parser.expectOperator(',');
    const parameter = targetName(parser);
    const fallback: Expression | undefined = parser.skipOperator('=') ? parser.parseChoice() : undefined;
    parameters.push({ name: parameter, fallback });
  }
  parser.expectEnd();
  return { name, parameters };
}
