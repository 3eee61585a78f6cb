import { formatSpan } from '../errors/diagnostic.ts';
import { TaskError } from '../errors/errors.ts';
import type { Condition } from '../playbook/contract.ts';
import { compileExpression } from '../template/template.ts';
import { type Scope, Unknown } from '../template/values.ts';

/** What a condition came to; with `false`, the expression that said so. */
export type Verdict =
  | { readonly holds: true }
  | { readonly holds: false; readonly expression: string }
  | { readonly unknown: Unknown };

/** All expressions must hold, in order, and the first that does not ends the evaluation (as in Ansible's lists under `when`). */
export function judge(conditions: readonly Condition[], scope: Scope, keyword: string): Verdict {
  for (const condition of conditions) {
    for (const expression of condition.expressions) {
      const value =
        typeof expression === 'boolean' ? expression : evaluateCondition(expression, condition, scope, keyword);
      if (value instanceof Unknown) return { unknown: value };
      if (!value) return { holds: false, expression: String(expression) };
    }
  }
  return { holds: true };
}

/** A condition is an expression; the value of one must be a boolean, since a string such as "no" would count as true. */
function evaluateCondition(expression: string, condition: Condition, scope: Scope, keyword: string): unknown {
  let value: unknown;
  try {
    value = compileExpression(expression, true).evaluate(scope);
  } catch (error) {
    if (!(error instanceof Error) || error.name === 'NotYetKnown') throw error;
    throw new TaskError(
      `The conditional check '${expression}' failed. The error was: ${error.message}`,
      where(condition),
    );
  }
  if (typeof value === 'boolean' || value instanceof Unknown) return value;
  throw new TaskError(
    `The value of \`${keyword}: ${expression}\` is ${describe(value)}, not true or false${condition.span ? ` (${formatSpan(condition.span)})` : ''}`,
    {
      ...where(condition),
      hint: 'add `| bool` to read words such as yes and no, or `| length > 0` to ask whether something is there',
    },
  );
}

function where(condition: Condition) {
  return condition.span ? { span: condition.span } : {};
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a map' : `the ${typeof value} ${JSON.stringify(value)}`;
}
