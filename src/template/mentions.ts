import type { Expression, Statement } from './syntax.ts';

type Syntax = Expression | Statement;

/** Every expression and statement inside a node, the node itself first. */
export function* descendants(node: unknown): Generator<Syntax> {
  if (typeof node !== 'object' || node === null) return;
  if (Array.isArray(node)) {
    for (const item of node) yield* descendants(item);
    return;
  }
  if ('kind' in node && 'offset' in node) yield node as Syntax;
  if ('kind' in node && node.kind === 'constant') return;
  for (const child of Object.values(node)) yield* descendants(child);
}

/** Whether a name is read anywhere inside. */
export function mentions(node: unknown, name: string): boolean {
  for (const inner of descendants(node)) {
    if (inner.kind === 'name' && inner.name === name) return true;
  }
  return false;
}
