import { TaskError } from '../errors/errors.ts';
import type { Task } from '../playbook/contract.ts';
import { lookupItems, renderValue } from '../template/template.ts';
import { type Scope, Unknown } from '../template/values.ts';

/** The items of `loop` or of one of the `with_…` forms, which are lookups by another name. */
export function loopItems(loop: NonNullable<Task['loop']>, scope: Scope): readonly unknown[] | Unknown {
  const value = renderValue(loop.value, scope);
  if (value instanceof Unknown) return value;
  const span = loop.span ? { span: loop.span } : {};
  switch (loop.flavour) {
    case 'loop':
      if (!Array.isArray(value)) {
        throw new TaskError(
          `Invalid data passed to 'loop', it requires a list, got this instead: ${JSON.stringify(value)}`,
          {
            ...span,
            hint: 'a map becomes a list with `| dict2items`',
          },
        );
      }
      return value;
    default:
      return lookupItems(loop.flavour, value, scope);
  }
}
