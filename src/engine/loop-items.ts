import { TaskError } from '../errors/errors.ts';
import type { Task } from '../playbook/contract.ts';
import { compileExpression, renderValue } from '../template/template.ts';
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
    case 'items':
      return asList(value).flatMap((entry) => (Array.isArray(entry) ? entry : [entry]));
    case 'list':
      return asList(value);
    case 'dict':
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw new TaskError('with_dict expects a dict', span);
      return Object.entries(value).map(([key, entry]) => ({ key, value: entry }));
    default: {
      const items = compileExpression(`query('${loop.flavour}', *__terms)`).evaluate({
        lookup: (name) => (name === '__terms' ? asList(value) : scope.lookup(name)),
        names: () => scope.names(),
        baseDir: scope.baseDir,
      });
      return items instanceof Unknown || Array.isArray(items) ? items : [items];
    }
  }
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}
