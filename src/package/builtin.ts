import { createRequire } from 'node:module';

/**
 * Loads one of Node's own modules when it is first needed: some take longer to load than a run. A dynamic import does the same, but
 * from the program's one file Node warns aloud that it is experimental.
 */
export function loadBuiltin(name: string): unknown {
  return createRequire(import.meta.url)(name);
}
