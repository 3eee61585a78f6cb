import type { ConfFile } from '../../redis/conf/conf-file.ts';
import {
  isSecretDirective,
  liveLines,
  liveMatches,
  type SettingLines,
  sameLines,
} from '../../redis/conf/conf-settings.ts';
import type { ConfigState } from './config-state.ts';
import type { DirectiveNames } from './directive-names.ts';
import type { Difference, LiveDifferences } from './live-differences.ts';

/** What becomes of a value that somebody set at run time: it is only told, it is set back, or it is written to the file. */
export type DriftRule = 'report' | 'enforce' | 'adopt';
type Rules = ReadonlyMap<string, DriftRule>;
type Settings = ReadonlyMap<string, SettingLines>;

/** By the names that the server knows. */
export function driftRules(
  given: Readonly<Record<string, DriftRule>>,
  names: DirectiveNames,
): { readonly rules: Rules; readonly problems: readonly string[] } {
  const rules = new Map<string, DriftRule>();
  const problems: string[] = [];
  for (const [name, rule] of Object.entries(given)) {
    const known = names.resolve(name);
    if (known === undefined) problems.push(`drift: this server knows no directive ${JSON.stringify(name)}`);
    else if (rule === 'adopt' && isSecretDirective(known))
      problems.push(`drift: ${known} is a secret, which is not taken over from a running node: declare it`);
    else rules.set(known, rule);
  }
  return { rules, problems };
}

/** The settings with the live values of those directives that are adopted; of a node that does not run, those of its file. */
export function withAdopted(
  settings: Settings,
  file: ConfFile | undefined,
  { live }: ConfigState,
  rules: Rules,
  names: DirectiveNames,
): Settings {
  const config = typeof live === 'object' && 'config' in live ? live.config : undefined;
  const adopted = [...rules].flatMap(([name, rule]): [string, SettingLines][] => {
    if (rule !== 'adopt' || names.isFixed(name)) return [];
    const value = config?.get(name);
    const declared = settings.get(name);
    if (value === undefined) {
      const lines = file?.settings.get(name);
      return lines ? [[name, lines]] : [];
    }
    const isAsDeclared = declared ? liveMatches(name, declared, value) : value === names.defaults[name];
    return isAsDeclared ? [] : [[name, liveLines(name, value)]];
  });
  return adopted.length === 0 ? settings : new Map([...settings, ...adopted]);
}

/**
 * The differences that are to be told only, and those to be set. A declared directive that differs from the file too was changed in the
 * inventory, and not on the node: it is set in any case.
 */
export function underRules(
  live: LiveDifferences,
  settings: Settings,
  file: ConfFile | undefined,
  rules: Rules,
  names: DirectiveNames,
): LiveDifferences & { readonly left: readonly Difference[] } {
  const isLeft = ({ name }: Difference): boolean => {
    const [written, declared] = [file?.settings.get(name), settings.get(name)];
    return rules.get(name) === 'report' && !!written && !!declared && sameLines(name, written, declared);
  };
  const isSetBack = ({ name }: Difference): boolean => rules.get(name) === 'enforce' && !names.isFixed(name);
  return {
    settable: [...live.settable.filter((one) => !isLeft(one)), ...live.drift.filter(isSetBack)],
    fixed: live.fixed,
    drift: live.drift.filter((one) => !isSetBack(one)),
    left: live.settable.filter(isLeft),
  };
}
