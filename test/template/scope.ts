import type { Scope } from '../../src/template/values.ts';

/** A scope over plain variables. */
export function scopeOf(variables: Readonly<Record<string, unknown>>, baseDir?: string): Scope {
  return {
    lookup: (name) => (Object.hasOwn(variables, name) ? variables[name] : undefined),
    names: () => Object.keys(variables),
    baseDir,
  };
}
