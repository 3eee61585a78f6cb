import type { ConfFile } from '../../redis/conf/conf-file.ts';
import { isSecretDirective, liveMatches, liveValue, type SettingLines } from '../../redis/conf/conf-settings.ts';
import type { ConfigState, LiveNode } from './config-state.ts';
import type { DirectiveNames } from './directive-names.ts';

export interface Difference {
  readonly name: string;
  readonly live: string;
  readonly wanted: string;
}

export interface LiveDifferences {
  /** CONFIG SET can change them. */
  readonly settable: readonly Difference[];
  /** They wait for a restart. */
  readonly fixed: readonly Difference[];
  /** Set at run time, declared nowhere. */
  readonly drift: readonly Difference[];
}

/** What the live process uses otherwise than declared. `file` tells which directives rcdeploy had set before. */
export function liveDifferences(
  declared: ReadonlyMap<string, SettingLines>,
  file: ConfFile | undefined,
  state: ConfigState,
  names: DirectiveNames,
): LiveDifferences {
  const node = state.live as LiveNode;
  const config = ownSettings(node.config ?? new Map<string, string>());
  const wrong: Difference[] = [];
  for (const [name, lines] of declared) {
    const live = config.get(name);
    const wanted = name === 'dir' && state.realDir !== undefined ? [[state.realDir]] : lines;
    if (live !== undefined && !liveMatches(name, wanted, live)) {
      wrong.push({ name, live, wanted: liveValue(wanted) });
    }
  }
  for (const name of file?.settings.keys() ?? []) {
    const value = names.defaults[name];
    const live = config.get(name);
    if (!declared.has(name) && value !== undefined && live !== undefined && live !== value) {
      wrong.push({ name, live, wanted: value });
    }
  }
  return {
    settable: wrong.filter((one) => !names.isFixed(one.name)),
    fixed: wrong.filter((one) => names.isFixed(one.name)),
    // Another version has other defaults.
    drift: isOtherVersion(node, state) ? [] : drift(declared, file, config, names),
  };
}

function isOtherVersion({ version }: LiveNode, { version: installed }: ConfigState): boolean {
  return version !== undefined && installed !== undefined && version !== installed;
}

/** What the server settled by itself says nothing of its file: from 8.0 on, a node of a cluster always has one database. */
function ownSettings(config: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const forced = config.get('cluster-enabled') === 'yes' && config.get('databases') === '1';
  return forced ? new Map([...config].filter(([name]) => name !== 'databases')) : config;
}

/** Follows the machine's limits, the node's role or the unit that starts it rather than anybody's setting. */
const changesByItself = new Set(['maxclients', 'slaveof', 'replicaof', 'oom-score-adj', 'supervised']);

function drift(
  declared: ReadonlyMap<string, SettingLines>,
  file: ConfFile | undefined,
  config: ReadonlyMap<string, string>,
  names: DirectiveNames,
): Difference[] {
  const found: Difference[] = [];
  for (const [name, value] of Object.entries(names.defaults)) {
    const live = config.get(name);
    const isOlderName = name !== names.resolve(name);
    if (live === undefined || live === value || declared.has(name) || isOlderName || changesByItself.has(name)) {
      continue;
    }
    if (!file?.settings.has(name) && !file?.added.has(name)) {
      found.push({ name, live, wanted: value });
    }
  }
  return found;
}

/** A difference in words, secrets left out. */
export function describe(difference: Difference): string {
  return isSecretDirective(difference.name)
    ? difference.name
    : `${difference.name} (${difference.live || '""'} → ${difference.wanted || '""'})`;
}
