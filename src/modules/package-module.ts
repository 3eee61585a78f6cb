import { quoteAll } from '../sh/quote.ts';
import type { Reply } from '../transport/contract.ts';
import { upkeepChange, upkeepScripts } from './apt-upkeep.ts';
import type { ApplyContext, Change, HostModule, Plan, PlanEnv, Result } from './contract.ts';
import { runPackageManager } from './package-lock.ts';
import {
  aptQuiet,
  dpkgOptions,
  type ManagerName,
  managers,
  type PackageArgs,
  readPackages,
} from './package-manager.ts';
import { ReplyLines } from './reply-lines.ts';

export interface PackageState {
  readonly manager: ManagerName | 'none';
  readonly installed: ReadonlyMap<string, string>;
  readonly candidates: ReadonlyMap<string, string>;
  /** What apt would do besides. */
  readonly upkeep: readonly Change[];
}

function parse(lines: ReplyLines): PackageState {
  const manager = lines.next() as PackageState['manager'];
  const installed = new Map<string, string>();
  const candidates = new Map<string, string>();
  const upkeep: Change[] = [];
  for (const line of lines.lines()) {
    const change = upkeepChange(line);
    if (change !== undefined) {
      upkeep.push(change);
      continue;
    }
    const [left = '', version = ''] = line.split('|');
    if (left.startsWith('candidate ')) candidates.set(left.slice('candidate '.length), version);
    else if (left !== '') installed.set(left, version);
  }
  return { manager, installed, candidates, upkeep: unique(upkeep) };
}

/** apt-get names a package in each of its steps. */
function unique(changes: readonly Change[]): Change[] {
  return [...new Map(changes.map((change) => [change.what, change])).values()];
}

const wantsAbsent = (args: PackageArgs) => args.state === 'absent' || args.state === 'removed';

/** Specs that are to be installed, upgraded or removed. */
function affected(state: PackageState, args: PackageArgs): { spec: string; before: string; after: string }[] {
  if (state.manager === 'none') return [];
  const manager = managers[state.manager];
  return (args.name ?? []).flatMap((spec) => {
    const name = manager.nameOf(spec);
    const now = state.installed.get(name);
    const pinned = manager.versionOf(spec);
    const candidate = pinned ?? state.candidates.get(name);
    if (wantsAbsent(args)) return now === undefined ? [] : [{ spec: name, before: now, after: 'absent' }];
    if (now === undefined) return args.only_upgrade ? [] : [{ spec, before: 'absent', after: candidate ?? 'present' }];
    const newer =
      pinned !== undefined
        ? !matchesVersion(now, pinned)
        : args.state === 'latest' && candidate !== undefined && candidate !== now;
    return newer ? [{ spec, before: now, after: candidate ?? 'latest' }] : [];
  });
}

/** apt takes `7.0*` for a version; elsewhere it must be equal. */
function matchesVersion(version: string, pinned: string): boolean {
  return pinned.endsWith('*') ? version.startsWith(pinned.slice(0, -1)) : version === pinned;
}

function plan(state: PackageState, args: PackageArgs, env: PlanEnv, use: string): Plan {
  if (state.manager === 'none') {
    const wanted = use === 'auto' ? 'apt, dnf, yum, zypper or apk' : use;
    return { changes: [], failed: `${env.host} has no ${wanted}` };
  }
  const odd = (args.name ?? []).find((name) => !/^[A-Za-z0-9][\w.+:~=*<>^@-]*$/.test(name));
  if (odd !== undefined) return { changes: [], failed: `${JSON.stringify(odd)} is no package name` };
  const work = affected(state, args);
  const unknown = work.find(({ before, after }) => before === 'absent' && after === 'present');
  if (
    unknown !== undefined &&
    managers[state.manager].knowsAll &&
    !args.update_cache &&
    !(env.check && env.changesPredicted)
  ) {
    return { changes: [], failed: `No package matching '${unknown.spec}' is available` };
  }
  const named: Change[] = work.map(({ spec, before, after }) => ({ what: `package ${spec}`, before, after }));
  const changes = unique([...state.upkeep, ...named]);
  // What is newest is known only from a fresh index, or, where the read could not tell, from the upgrade itself.
  const open =
    args.state === 'latest' &&
    (args.update_cache || (state.candidates.size === 0 && !managers[state.manager].knowsAll));
  const indexOnly = args.update_cache && (args.name ?? []).length === 0;
  const cleans = args.autoremove === true && (args.name ?? []).length === 0;
  if (cleans && state.manager !== 'apt') {
    return {
      changes: [],
      failed: `autoremove without a name is for apt: name packages, or use a command (${state.manager})`,
    };
  }
  // Which packages are newer is known only from a fresh index.
  const upgrades = args.update_cache && (args.upgrade ?? 'no') !== 'no';
  return { changes, ...(open || indexOnly || cleans || upgrades ? { applies: true } : {}) };
}

async function apply(state: PackageState, args: PackageArgs, context: ApplyContext): Promise<Result> {
  if (state.manager === 'none') return {};
  const manager = managers[state.manager];
  const names = args.name ?? [];
  const run = (script: string, what: string) => runPackageManager(script, what, args.lock_timeout, context);
  let now = state;
  const result: Result = {};
  if (args.update_cache) {
    const reply = await run(manager.update(args), 'refreshing the package index');
    const updated = reply.stdout.includes('rcdeploy-cache-updated');
    result.cache_updated = updated;
    if (names.length === 0 && !hasUpkeep(args)) return { ...result, changed: updated };
    now = await look(state.manager, names, args, context);
  }
  const upkept = await keepUp(args, now, run, context);
  if (names.length === 0 && hasUpkeep(args)) {
    return { ...result, ...upkept, changed: upkept.changed === true || result.cache_updated === true };
  }
  if (names.length === 0) {
    const reply = await run(
      'export DEBIAN_FRONTEND=noninteractive; apt-get -q -y autoremove\n',
      'removing what nothing needs',
    );
    return { ...result, stdout: reply.stdout, changed: /^(?:Remv|Removing) /m.test(reply.stdout) };
  }
  const open = args.state === 'latest' && now.candidates.size === 0 && !manager.knowsAll;
  const specs = open ? names : affected(now, args).map(({ spec }) => spec);
  if (specs.length === 0) return { ...result, ...upkept, changed: upkept.changed === true };
  const verb = wantsAbsent(args) ? 'removing' : 'installing';
  context.progress(`${verb} ${specs.join(', ')}`);
  const script = wantsAbsent(args) ? manager.remove(specs, args) : manager.install(specs, args);
  const reply = await run(script, `${verb} ${specs.join(', ')}`);
  const after = open ? await look(state.manager, names, args, context) : undefined;
  const changed = after === undefined || names.some((name) => after.installed.get(name) !== now.installed.get(name));
  return { ...result, changed: changed || upkept.changed === true, rc: 0, stdout: reply.stdout, stderr: reply.stderr };
}

const hasUpkeep = (args: PackageArgs) =>
  (args.upgrade ?? 'no') !== 'no' || args.clean === true || args.autoclean === true;

/** Upgrades and cleans as apt's arguments ask. */
async function keepUp(
  args: PackageArgs,
  state: PackageState,
  run: (script: string, what: string) => Promise<Reply>,
  context: ApplyContext,
): Promise<Result> {
  if (!hasUpkeep(args) || state.upkeep.length === 0) return {};
  const result: Result = {};
  for (const { what, script } of upkeepScripts(args, `${aptQuiet}set -- ${quoteAll(dpkgOptions(args))}\n`)) {
    context.progress(what);
    const { stdout, stderr } = await run(script, what);
    Object.assign(result, { stdout, stderr, rc: 0 });
  }
  return { ...result, changed: true };
}

async function look(
  use: ManagerName,
  names: readonly string[],
  args: PackageArgs,
  context: ApplyContext,
): Promise<PackageState> {
  const reply = await context.sh(readPackages(use, names, args.state === 'latest', args));
  return parse(new ReplyLines(reply, 'asking for installed packages'));
}

/** The modules package, apt, dnf, yum and apk differ in their arguments only. */
export function packageModule<A extends PackageArgs & Record<string, unknown>>(
  name: string,
  use: (args: A) => ManagerName | 'auto',
): HostModule<A, PackageState> {
  return {
    kind: 'host',
    name,
    fusable: true,
    read: (args) => ({ script: readPackages(use(args), args.name ?? [], args.state === 'latest', args) }),
    parse: ({ reply }) => parse(new ReplyLines(reply, 'asking for installed packages')),
    plan: (state, args, env) => plan(state, args, env, use(args)),
    apply: (_plan, args, context, state) => apply(state, args, context),
  };
}
