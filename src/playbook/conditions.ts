import type { Span } from '../errors/diagnostic.ts';
import { recordPlaces, spanOf } from '../source/positions.ts';
import type { Condition } from './contract.ts';

/** A `when`, `until`, `changed_when` or `failed_when` as expressions that must all hold; each keeps its own position. */
export function readCondition(value: unknown, span: Span | undefined): Condition | undefined {
  if (value === undefined || value === null) return undefined;
  const list = Array.isArray(value) ? value : [value];
  const expressions: (string | boolean)[] = [];
  const spans = new Map<number, Span>();
  for (const [index, each] of list.entries()) {
    if (typeof each !== 'string' && typeof each !== 'boolean') continue;
    const own = Array.isArray(value) ? spanOf(value, index) : span;
    if (own !== undefined) spans.set(expressions.length, own);
    expressions.push(withoutBraces(each));
  }
  if (span !== undefined) recordPlaces(expressions, span, new Map(), spans);
  return { expressions, span };
}

/** Conditions are expressions already; Ansible lets `"{{ x }}"` pass with a warning, and so do we. */
function withoutBraces(expression: string | boolean): string | boolean {
  if (typeof expression === 'boolean') return expression;
  const inner = /^\s*\{\{((?:(?!\{\{|\}\})[\s\S])*)\}\}\s*$/.exec(expression)?.[1];
  return inner === undefined ? expression.trim() : inner.trim();
}
