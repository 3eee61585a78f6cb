import type { VarLayer } from '../inventory/contract.ts';
import { spanOf } from '../source/positions.ts';
import { readCondition } from './conditions.ts';
import { type Inherited, inherit, texts } from './inherited.ts';
import type { Keywords } from './keywords.ts';
import type { Loading } from './loading.ts';
import { readModuleDefaults } from './module-defaults.ts';
import { checkNames } from './names.ts';

/** Where entries stand: handlers know `listen`, and neither blocks nor roles. */
export type Place = 'tasks' | 'handlers';

/** What a block, an import or a task adds to what is around it; notifications are noted for the check of handler names. */
export function inheritFrom(
  map: Readonly<Record<string, unknown>>,
  keywords: Keywords,
  outer: Inherited,
  origin: string,
  loading: Loading,
): Inherited {
  const when = readCondition(keywords.when, spanOf(map, 'when'));
  for (const [index, name] of texts(keywords.notify).entries()) {
    const list = map.notify;
    loading.play.notifications.push({ name, span: Array.isArray(list) ? spanOf(list, index) : spanOf(map, 'notify') });
  }
  return inherit(outer, keywords, {
    when: when === undefined ? [] : [when],
    vars: varsLayer(map.vars, origin, loading),
    moduleDefaults: readModuleDefaults(map.module_defaults, outer.moduleDefaults, loading.findings),
  });
}

export function varsLayer(vars: unknown, origin: string, loading: Loading): VarLayer[] {
  if (typeof vars !== 'object' || vars === null || Array.isArray(vars)) return [];
  checkNames(vars, 'vars', loading.findings);
  return [{ origin, vars: vars as VarLayer['vars'] }];
}
