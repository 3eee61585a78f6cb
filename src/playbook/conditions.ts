import type { Span } from '../errors/diagnostic.ts';
import type { Condition } from './contract.ts';

/** A `when`, `until`, `changed_when` or `failed_when` as expressions that must all hold. */
export function readCondition(value: unknown, span: Span | undefined): Condition | undefined {
  if (value === undefined || value === null) return undefined;
  const list = Array.isArray(value) ? value : [value];
  const expressions = list.filter((each) => typeof each === 'string' || typeof each === 'boolean').map(withoutBraces);
  return { expressions, span };
}

/** Conditions are expressions already; Ansible lets `"{{ x }}"` pass with a warning, and so do we. */
function withoutBraces(expression: string | boolean): string | boolean {
  if (typeof expression === 'boolean') return expression;
  const inner = /^\s*\{\{((?:(?!\{\{|\}\})[\s\S])*)\}\}\s*$/.exec(expression)?.[1];
  return inner === undefined ? expression.trim() : inner.trim();
}
