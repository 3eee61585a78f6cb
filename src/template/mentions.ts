import type { Expression, Statement } from './syntax.ts';

type Syntax = Expression | Statement;

/** Every expression and statement inside a node, the node itself first. As a generator of generators this took 5 ms of a run. */
export function descendants(node: unknown): Syntax[] {
  const found: Syntax[] = [];
  collect(node, found);
  return found;
}

function collect(node: unknown, found: Syntax[]): void {
  if (typeof node !== 'object' || node === null) return;
  if (Array.isArray(node)) {
    for (const item of node) collect(item, found);
    return;
  }
  if ('kind' in node && 'offset' in node) found.push(node as Syntax);
  if ('kind' in node && node.kind === 'constant') return;
  for (const child of Object.values(node)) collect(child, found);
}

/** Whether a name is read anywhere inside. */
export function mentions(node: unknown, name: string): boolean {
  for (const inner of descendants(node)) {
    if (inner.kind === 'name' && inner.name === name) return true;
  }
  return false;
}
