import { TaskError } from '../../errors/errors.ts';
import type { SynchronizeArgs } from '../generated/synchronize.ts';
import { resolveMode } from '../mode.ts';
import { type Filter, type FilterRule, filterOf } from './filter.ts';

/** What is kept of the source, and how it is compared, after `archive` and `rsync_opts` have had their say. */
export interface SyncOptions {
  readonly recursive: boolean;
  readonly links: boolean;
  readonly copyLinks: boolean;
  readonly perms: boolean;
  readonly times: boolean;
  readonly owner: boolean;
  readonly group: boolean;
  readonly delete: boolean;
  /** Contents are compared by digest. */
  readonly byContent: boolean;
  readonly existingOnly: boolean;
  readonly filter: Filter;
  /** The mode that a path of the source shall have on the host. */
  modeOf(bits: number, isDirectory: boolean): number;
  /** Names of `--chown`; empty: those of the source. */
  readonly chown: { readonly user: string; readonly group: string };
}

type Flag = 'recursive' | 'links' | 'perms' | 'times' | 'owner' | 'group';

const flagsOff: Readonly<Record<string, Flag>> = {
  '--no-recursive': 'recursive',
  '--no-r': 'recursive',
  '--no-links': 'links',
  '--no-l': 'links',
  '--no-perms': 'perms',
  '--no-p': 'perms',
  '--no-times': 'times',
  '--no-t': 'times',
  '--no-owner': 'owner',
  '--no-o': 'owner',
  '--no-group': 'group',
  '--no-g': 'group',
};

/** They say how rsync works, not what comes of it. */
const withoutEffect: ReadonlySet<string> = new Set([
  '--compress',
  '--delay-updates',
  '--no-motd',
  '--partial',
  '--quiet',
  '--verbose',
  '--whole-file',
  '-W',
  '-q',
  '-v',
  '-z',
]);

interface RsyncOptions {
  readonly off: ReadonlySet<Flag>;
  readonly rules: readonly FilterRule[];
  readonly chmod: readonly string[];
  readonly chown: string;
}

export function optionsOf(args: SynchronizeArgs): SyncOptions {
  const { off, rules, chmod, chown } = readRsyncOptions(args.rsync_opts);
  const flag = (name: Flag) => !off.has(name) && (args[name] ?? args.archive);
  const [user = '', group = ''] = chown.split(':');
  const options = {
    recursive: flag('recursive'),
    links: flag('links'),
    copyLinks: args.copy_links,
    perms: flag('perms'),
    times: flag('times'),
    owner: flag('owner') || user !== '',
    group: flag('group') || group !== '',
    delete: args.delete,
    byContent: args.checksum || !flag('times'),
    existingOnly: args.existing_only,
    filter: filterOf(rules),
    modeOf: (bits: number, isDirectory: boolean) => changedMode(chmod, bits, isDirectory),
    chown: { user, group },
  };
  if (options.delete && !options.recursive) {
    throw new TaskError('delete needs recursive: without it no directory is compared', { hint: 'set recursive: true' });
  }
  return options;
}

function readRsyncOptions(written: readonly string[]): RsyncOptions {
  const off = new Set<Flag>();
  const rules: FilterRule[] = [];
  const chmod: string[] = [];
  let chown = '';
  for (let index = 0; index < written.length; index += 1) {
    const option = written[index] ?? '';
    const taken = /^(--(?:exclude|include|chmod|chown))(?:=([\s\S]*))?$/.exec(option);
    const flag = flagsOff[option];
    if (taken !== null) {
      const value = taken[2] ?? written[++index];
      if (value === undefined || value === '') throw new TaskError(`${option} of rsync_opts has no value`);
      if (taken[1] === '--chmod') chmod.push(...value.split(','));
      else if (taken[1] === '--chown') chown = value;
      else rules.push({ includes: taken[1] === '--include', pattern: value });
    } else if (flag !== undefined) off.add(flag);
    else if (!withoutEffect.has(option)) throw unknownOption(option);
  }
  return { off, rules, chmod, chown };
}

function unknownOption(option: string): TaskError {
  return new TaskError(`rsync_opts: ${JSON.stringify(option)} is not supported`, {
    hint: 'no rsync is run; `rcdeploy doc synchronize` lists the options that are honoured',
  });
}

/** `--chmod`: clauses of chmod, for all paths, or for directories (`D`) or files (`F`) only. */
function changedMode(clauses: readonly string[], bits: number, isDirectory: boolean): number {
  return clauses.reduce((mode, clause) => {
    const [, kind = '', words = ''] = /^([DF]?)(.*)$/.exec(clause) ?? [];
    if (kind !== '' && (kind === 'D') !== isDirectory) return mode;
    return resolveMode(words, mode, isDirectory);
  }, bits);
}
