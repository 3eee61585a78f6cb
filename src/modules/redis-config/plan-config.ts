import { type ConfFile, differing, maskConf, parseConf, renderConf } from '../../redis/conf/conf-file.ts';
import { isSecretDirective, type SettingLines } from '../../redis/conf/conf-settings.ts';
import { unsafeSettings } from '../../redis/conf/unsafe-settings.ts';
import type { Change, Plan } from '../contract.ts';
import type { ConfigArgs } from '../redis_config.ts';
import { keptUserLines, type UserChange, undeclaredPasswords, userChanges } from './acl-users.ts';
import type { ConfigState, LiveNode } from './config-state.ts';
import { declaredSettings, withKept } from './declared.ts';
import { DirectiveNames } from './directive-names.ts';
import { driftRules, underRules, withAdopted } from './drift.ts';
import { identityProblem } from './identity-files.ts';
import { type Difference, describe, type LiveDifferences, liveDifferences } from './live-differences.ts';

/** A plan with what apply carries out: the file's new text, and what CONFIG SET changes. */
export interface ConfigPlan extends Plan {
  readonly text?: string;
  readonly set: readonly Difference[];
  /** What ACL SETUSER and ACL DELUSER change. */
  readonly users: readonly UserChange[];
}

/** Compare what is declared with the file and with the live process. */
export function planConfig(state: ConfigState, args: ConfigArgs): ConfigPlan {
  const names = new DirectiveNames(state.directives, args.flavor, state.version ?? args.version);
  const { settings: declared, problems: mistakes } = declaredSettings(args, names);
  const { rules, problems: wrongRules } = driftRules(args.drift ?? {}, names);
  const problems = [...mistakes, ...wrongRules];
  if (problems.length > 0) {
    return refused(`${args.path}: ${problems.join('; ')}`);
  }
  if (state.unreadable !== undefined) {
    return refused(`${args.path} cannot be compared: ${state.unreadable}`);
  }
  const file = state.text === undefined ? undefined : parseConf(state.text);
  const settings = withAdopted(withKept(declared, file, args.keep ?? [], names), file, state, rules, names);
  const obstacle = identityProblem(args.path, state.text, settings) ?? obstacleOf(state, args);
  if (obstacle !== undefined) {
    return refused(obstacle);
  }
  const text = newText(settings, file, state.text, args);
  const differences = isLive(state.live) ? liveDifferences(settings, file, state, names) : none;
  const live = underRules(differences, settings, file, rules, names);
  const lines = settings.get('user') ?? [];
  const users = isLive(state.live) ? userChanges(lines, file, state.live, args, names) : [];
  const restart = restartNeeded(live, text !== undefined, state);
  const unfit =
    restart === undefined || !isLive(state.live) || !state.live.inCluster
      ? undefined
      : unfitForRolling(live, state.live, args);
  if (unfit !== undefined) {
    return refused(
      `${label(args)} is a live node of a cluster, and ${restart} only with a restart, so nothing was changed: ${unfit}`,
    );
  }
  return {
    changes: [
      ...users.map(({ name, before, after }) => ({ what: `${label(args)} user ${name}`, before, after })),
      ...live.settable.map((one) => liveChange(one, args)),
      ...fileChanges(args, state, text),
    ],
    result: {
      path: args.path,
      restart_needed: restart !== undefined,
      running: state.live !== 'down',
      drift: [...live.drift, ...live.left].map(describe),
    },
    warnings: warnings(file, live, state, args, restart).concat(passwordWarning(lines, users, state, args)),
    unsafe: unsafeSettings(settings).map((what) => `${label(args)} ${what}`),
    set: live.settable,
    users,
    ...(text === undefined ? {} : { text }),
  };
}

const none: LiveDifferences = { settable: [], fixed: [], drift: [] };

function refused(failed: string): ConfigPlan {
  return { changes: [], failed, set: [], users: [] };
}

function isLive(live: ConfigState['live']): live is LiveNode {
  return live !== 'down' && !('unknown' in live);
}

function label(args: ConfigArgs): string {
  return `${args.at}:${args.port}`;
}

/** Why the process on the port cannot be judged, or must not be touched. */
function obstacleOf({ live }: ConfigState, args: ConfigArgs): string | undefined {
  if (live === 'down') {
    return undefined;
  }
  if ('unknown' in live) {
    return `something listens on ${label(args)} but does not answer as this node should: ${live.unknown.replace(/[.]+$/, '')}. If its password is to be another one: redis_password_previous is the one that it has, and rotate.yml changes it`;
  }
  if (live.configFile !== args.path) {
    const served = live.configFile === undefined ? 'without a configuration file' : `with ${live.configFile}`;
    return `port ${args.port} is served by another Redis (pid ${live.pid}, started ${served}), which is left alone: stop it, or give this node another port`;
  }
  return undefined;
}

/** The file's new text, undefined when it may stay. Lines that Redis added and nobody declares are kept. */
function newText(
  settings: ReadonlyMap<string, SettingLines>,
  file: ConfFile | undefined,
  old: string | undefined,
  args: ConfigArgs,
): string | undefined {
  const added = new Map(file?.added ?? []);
  const users = keptUserLines(added.get('user') ?? [], settings.get('user') ?? [], args);
  const kept = new Map([...added].filter(([name]) => !settings.has(name) && name !== 'user'));
  if (users.length > 0) kept.set('user', users);
  const dropsUsers = users.length !== (added.get('user') ?? []).length;
  const text = renderConf(settings, kept);
  if (file && (file.untouched ? old === text : !dropsUsers && differing(file, settings).length === 0)) {
    return undefined;
  }
  return text;
}

/** What can only change with a restart, in words. Without CONFIG, that is every change of the file. */
function restartNeeded(live: LiveDifferences, fileChanges: boolean, { live: node }: ConfigState): string | undefined {
  if (live.fixed.length > 0) {
    return `${live.fixed.map(describe).join(', ')} can change`;
  }
  return isLive(node) && node.config === undefined && fileChanges
    ? `settings can change (${node.configError})`
    : undefined;
}

/** A node that comes back with these is another node, or one without its data. */
const identity = ['port', 'tls-port', 'cluster-port', 'dir', 'cluster-enabled', 'cluster-config-file', 'aclfile'];
const dataFiles = ['dbfilename', 'appendfilename', 'appenddirname'];

/** Why the restarts that the change takes cannot be left to redis_rolling, and what to do. */
function unfitForRolling(live: LiveDifferences, node: LiveNode, args: ConfigArgs): string | undefined {
  const names = live.fixed.map(({ name }) => name).filter((name) => [...identity, ...dataFiles].includes(name));
  if (names.length > 0)
    return `${names.join(', ')} of a node with data is not changed: take it out of the cluster and add it anew`;
  if (node.config === undefined) return 'without CONFIG nobody could see which nodes still have to be restarted';
  return args.rolling
    ? undefined
    : 'with rolling: true the file is written, and a redis_rolling task, as in cluster.yml, restarts node by node';
}

function liveChange(one: Difference, args: ConfigArgs): Change {
  const shown = (value: string) => (isSecretDirective(one.name) ? '********' : value);
  return { what: `${label(args)} ${one.name}`, before: shown(one.live), after: shown(one.wanted) };
}

function fileChanges(args: ConfigArgs, state: ConfigState, text: string | undefined): Change[] {
  const changes: Change[] = [];
  if (text !== undefined) {
    const before = state.text === undefined ? null : maskConf(state.text);
    changes.push({ what: args.path, before, after: maskConf(text), text: true });
  }
  const wanted = { mode: args.mode, owner: args.owner, group: args.group };
  for (const key of ['mode', 'owner', 'group'] as const) {
    const found = state.attributes?.[key];
    if (found !== undefined && wanted[key] !== undefined && found !== wanted[key]) {
      changes.push({ what: `${args.path} ${key}`, before: found, after: wanted[key] });
    }
  }
  return changes;
}

function warnings(
  file: ConfFile | undefined,
  live: ReturnType<typeof underRules>,
  state: ConfigState,
  args: ConfigArgs,
  restart: string | undefined,
): string[] {
  const told: string[] = [];
  const added = [...(file?.added.keys() ?? [])];
  if (added.length > 0) {
    told.push(`${args.path}: kept what Redis wrote there and nobody declares: ${added.join(', ')}`);
  }
  if (file && !file.untouched && added.length === 0) {
    told.push(`${args.path} was changed by someone else since it was written; declared directives are what counts`);
  }
  if (live.drift.length > 0) {
    told.push(
      `${label(args)}: set at run time and declared nowhere: ${live.drift.map((one) => drifted(one)).join(', ')}`,
    );
  }
  if (live.left.length > 0) {
    told.push(
      `${label(args)}: set at run time otherwise than declared, and left so: ${live.left.map(describe).join(', ')}`,
    );
  }
  if (isLive(state.live) && state.live.config === undefined) {
    told.push(`${label(args)}: CONFIG is not available (${state.live.configError}), what the process uses is unknown`);
  }
  return restart === undefined ? told : [...told, `${label(args)} owes a restart: ${restart} only then`];
}

function passwordWarning(
  lines: SettingLines,
  users: readonly UserChange[],
  { live }: ConfigState,
  args: ConfigArgs,
): string[] {
  const told = isLive(live) ? undeclaredPasswords(lines, users, live.users, args) : undefined;
  return told === undefined ? [] : [`${label(args)}: ${told}`];
}

function drifted(one: Difference): string {
  return isSecretDirective(one.name) ? one.name : `${one.name} ${one.live || '""'} (default ${one.wanted || '""'})`;
}
