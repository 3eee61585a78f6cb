import type { Change, Plan, PlanEnv } from '../contract.ts';
import type { SynchronizeArgs } from '../generated/synchronize.ts';
import { formatMode } from '../mode.ts';
import { type HostPath, type HostState, workName } from './host-state.ts';
import type { SyncOptions } from './options.ts';
import type { Source, SourceEntry } from './source.ts';

/** What one path of the source needs on the host. */
export interface Step {
  readonly entry: SourceEntry;
  /** Under which name, relative to the base. */
  readonly path: string;
  /** The content goes over, or the directory is made. */
  readonly made: boolean;
  /** What stands there must go first. */
  readonly instead: 'directory' | 'other' | undefined;
  readonly bits: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Only the time of what is there must be set. */
  readonly touch: boolean;
  readonly changes: readonly Change[];
}

export interface SyncPlan {
  readonly steps: readonly Step[];
  /** Topmost paths that go, relative to the base. */
  readonly removed: readonly string[];
}

/** What the host needs, of all that the source has. */
export function stepsOf(source: Source, host: HostState, args: SynchronizeArgs, options: SyncOptions): SyncPlan {
  const replaced = new Set<string>();
  const steps = source.entries.flatMap((entry) => {
    const path = source.single && host.name !== '' ? host.name : entry.path;
    // What is seen below a link that a directory will replace is not what will be there.
    const there = replaced.has(parentOf(path)) ? undefined : host.paths.get(path);
    if (there?.state.kind !== 'directory') replaced.add(path);
    // As rsync does, `dest` itself is made even then.
    if (options.existingOnly && there === undefined && path !== '.') return [];
    const step = stepOf(entry, path, there, host, options);
    return step.changes.length === 0 ? [] : [step];
  });
  return { steps, removed: options.delete ? removedPaths(source, host, args, options) : [] };
}

function stepOf(
  entry: SourceEntry,
  path: string,
  there: HostPath | undefined,
  host: HostState,
  options: SyncOptions,
): Step {
  const same = there?.state.kind === entry.kind ? there : undefined;
  const uid = options.owner && host.uid === 0 ? (host.users.get(entry.user) ?? entry.uid) : undefined;
  const group = options.group ? (host.groupIds.get(entry.group) ?? entry.gid) : undefined;
  const gid = group !== undefined && (host.uid === 0 || host.groups.has(group)) ? group : undefined;
  const bits = entry.kind === 'link' ? undefined : bitsOf(entry, same, host, options);
  const made = same === undefined || contentDiffers(entry, same, options);
  const late = options.times && entry.kind !== 'link' && same !== undefined && same.state.mtime !== entry.mtime;
  const what = path === '.' ? host.base : `${host.base === '/' ? '' : host.base}/${path}`;
  const changes: Change[] = made ? [{ what, ...contentChange(entry, there, options) }] : [];
  const compare = (
    name: string,
    before: number | undefined,
    after: number | undefined,
    show: (value: number) => string,
  ) => {
    if (after === undefined || before === undefined || before === after) return;
    changes.push({ what: `${what} ${name}`, before: show(before), after: show(after) });
  };
  compare('owner', same?.state.uid, uid, String);
  compare('group', same?.state.gid, gid, String);
  compare('mode', same?.state.bits, bits, formatMode);
  if (late && !made) compare('time', same.state.mtime, entry.mtime, timeText);
  const instead = there === undefined || same !== undefined ? undefined : kindToGo(there);
  return { entry, path, made, instead, bits, uid, gid, touch: late, changes };
}

const kindToGo = ({ state }: HostPath) => (state.kind === 'directory' ? 'directory' : 'other');

/** Without `perms` what is there keeps its mode, and what is new has the source's less the host's umask. */
function bitsOf(entry: SourceEntry, same: HostPath | undefined, host: HostState, options: SyncOptions): number {
  if (options.perms) return entry.bits;
  return same === undefined ? entry.bits & 0o777 & ~host.umask : same.state.bits;
}

function contentDiffers(entry: SourceEntry, { state, value }: HostPath, options: SyncOptions): boolean {
  if (entry.kind === 'directory') return false;
  if (entry.kind === 'link') return value !== entry.target;
  if (state.size !== entry.size) return true;
  return options.byContent ? value !== entry.sha256 : state.mtime !== entry.mtime;
}

function contentChange(entry: SourceEntry, there: HostPath | undefined, options: SyncOptions) {
  const after =
    entry.kind === 'directory'
      ? 'directory'
      : entry.kind === 'link'
        ? `link to ${entry.target}`
        : options.byContent
          ? `sha256:${entry.sha256}`
          : sizeText(entry.size, entry.mtime);
  return { before: there === undefined ? null : beforeText(there, entry, options), after };
}

function beforeText({ state, value }: HostPath, entry: SourceEntry, options: SyncOptions): string {
  if (state.kind === 'link' && entry.kind === 'link') return `link to ${value}`;
  if (state.kind !== 'file') return state.kind;
  return options.byContent && value !== '' ? `sha256:${value}` : sizeText(state.size, state.mtime);
}

const sizeText = (size: number, mtime: number) => `${size} bytes of ${timeText(mtime)}`;
const timeText = (seconds: number) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');

/** Whatever the source does not have, but for what is excluded and the directories that hold it. */
function removedPaths(source: Source, host: HostState, args: SynchronizeArgs, options: SyncOptions): string[] {
  const wanted = new Set(source.entries.map(({ path }) => path));
  const tops = new Set(source.entries.map(({ path }) => path.split('/')[0] ?? ''));
  const inside = (path: string) => wanted.has('.') || tops.has(path.split('/')[0] ?? '');
  const others = [...host.paths].filter(([path]) => path !== '.' && !wanted.has(path) && inside(path));
  const isOurs = (path: string) => path.split('/')[0] === workName(args.dest);
  const kept = new Set<string>();
  const going = new Set<string>();
  for (const [path, { state }] of others.filter(([path]) => !isOurs(path))) {
    if (options.filter(path, state.kind === 'directory')) going.add(path);
    else for (let above = parentOf(path); above !== '.'; above = parentOf(above)) kept.add(above);
  }
  const goes = (path: string) => going.has(path) && !kept.has(path);
  return [...going].filter((path) => goes(path) && !goes(parentOf(path)));
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '.' : path.slice(0, slash);
}

export function planOf(
  { steps, removed }: SyncPlan,
  source: Source,
  host: HostState,
  args: SynchronizeArgs,
  options: SyncOptions,
  env: PlanEnv,
): Plan {
  const failed = failureOf(removed, host, args, options, env);
  if (failed !== undefined) return { changes: [], failed };
  const base = host.baseKind === 'missing' ? [{ what: host.base, before: null, after: 'directory' }] : [];
  const isTop = steps.some(({ path }) => path === '.');
  const gone = removed.map((path) => ({ what: `${host.base}/${path}`, before: 'present', after: 'absent' }));
  const changes = [...(isTop ? [] : base), ...steps.flatMap((step) => step.changes), ...gone];
  return { changes, result: { dest: args.dest, rc: 0 }, warnings: source.warnings };
}

function failureOf(
  removed: readonly string[],
  host: HostState,
  args: SynchronizeArgs,
  options: SyncOptions,
  env: PlanEnv,
): string | undefined {
  const { user, group } = options.chown;
  if (host.baseKind === 'other') return `${host.base} is no directory to put anything into`;
  if (host.baseKind === 'missing' && !host.parentExists && !(env.check && env.changesPredicted)) {
    return `Destination directory ${host.base} cannot be made: the directory above it does not exist`;
  }
  if (/\D/.test(user) && !host.users.has(user)) return `chown failed: failed to look up user ${user}`;
  if (/\D/.test(group) && !host.groupIds.has(group)) return `chgrp failed: failed to look up group ${group}`;
  if (host.cut)
    return `${host.base} holds too many files to compare them for delete; exclude does not help, a smaller dest does`;
  const odd = removed.find((path) => path.includes('\uFFFD'));
  return (
    odd && `${host.base}/${odd} should be removed, but its name is not UTF-8; remove it by hand (dest: ${args.dest})`
  );
}
