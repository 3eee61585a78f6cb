import { nearest } from '../source/nearest.ts';
import { keySpanOf, spanOf } from '../source/positions.ts';
import { checkArgs } from './arguments.ts';
import type { Raw } from './contract.ts';
import { joinMaps } from './copy-places.ts';
import type { Findings } from './findings.ts';
import { shortName } from './module-call.ts';
import { schemaNames, schemaOf } from './schema.ts';

type Defaults = ReadonlyMap<string, Readonly<Record<string, Raw>>>;

/** `module_defaults` over those of the surroundings: argument by argument the nearest wins. */
export function readModuleDefaults(value: unknown, outer: Defaults, findings: Findings): Defaults {
  const merged = new Map(outer);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return merged;
  for (const [key, args] of Object.entries(value)) {
    const module = shortName(key);
    if (key.startsWith('group/')) {
      findings.error(
        'not-supported-yet',
        'groups of modules are not supported yet',
        keySpanOf(value, key),
        'name the modules',
      );
    } else if (schemaOf(module) === undefined) {
      const near = nearest(module, schemaNames);
      findings.error(
        'unknown-module',
        `unknown module "${key}"`,
        keySpanOf(value, key),
        near && `did you mean "${near}"?`,
      );
    } else if (typeof args !== 'object' || args === null || Array.isArray(args)) {
      findings.error('wrong-type', `the defaults of ${module} must be a map`, spanOf(value, key));
    } else {
      const checked = checkArgs(module, args as Record<string, unknown>, false);
      findings.add(checked.diagnostics.filter(({ code }) => code !== 'missing-argument'));
      merged.set(module, joinMaps(outer.get(module) ?? {}, checked.args));
    }
  }
  return merged;
}
