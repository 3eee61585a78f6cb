import { define } from '../functions.ts';
import { entryOf, isMapping, isTrue, typeName } from '../kinds.ts';
import { TemplateError } from '../values.ts';

const failed = (result: unknown) => flag(result, 'failed');

/** Tests on what `register` keeps of a task. */
export const resultTests = {
  failed: define('', failed),
  failure: define('', failed),
  success: define('', (result: unknown) => !failed(result)),
  succeeded: define('', (result: unknown) => !failed(result)),
  successful: define('', (result: unknown) => !failed(result)),
  ok: define('', (result: unknown) => !failed(result)),
  changed: define('', changed),
  change: define('', changed),
  skipped: define('', (result: unknown) => flag(result, 'skipped')),
  skip: define('', (result: unknown) => flag(result, 'skipped')),
  unreachable: define('', (result: unknown) => flag(result, 'unreachable')),
  reachable: define('', (result: unknown) => !flag(result, 'unreachable')),
  finished: define('', (result: unknown) => flag(result, 'finished')),
  started: define('', (result: unknown) => flag(result, 'started')),
  timedout: define('', (result: unknown) => flag(result, 'timedout')),
};

function flag(result: unknown, name: string): boolean {
  if (!isMapping(result)) throw new TemplateError(`'is ${name}' needs a registered result, not a ${typeName(result)}`);
  return isTrue(entryOf(result, name) ?? false);
}

/** A loop's result without the key has changed when one of its items has. */
function changed(result: unknown): boolean {
  if (isMapping(result) && entryOf(result, 'changed') === undefined) {
    const results = entryOf(result, 'results');
    if (Array.isArray(results))
      return results.some((item) => isMapping(item) && isTrue(entryOf(item, 'changed') ?? false));
  }
  return flag(result, 'changed');
}
