import { createHash } from 'node:crypto';
import type { ConfFile } from '../../redis/conf/conf-file.ts';
import type { SettingLines } from '../../redis/conf/conf-settings.ts';
import type { ConfigArgs } from '../redis_config.ts';
import { canonicalRules } from './acl-rules.ts';
import type { LiveNode, LiveUser } from './config-state.ts';
import type { DirectiveNames } from './directive-names.ts';

/** An ACL user as it is declared. */
export interface DeclaredUser {
  readonly password?: string;
  readonly previous_password?: string;
  readonly rules?: string;
  readonly enabled?: boolean;
}

/** What ACL SETUSER is told of one user, and how the change is told to people. */
export interface UserChange {
  readonly name: string;
  /** Undefined: the user is to go. */
  readonly rules: readonly string[] | undefined;
  readonly before: string | null;
  readonly after: string | null;
}

const EVERYTHING = '~* &* +@all';

/** The words of each `user` directive, name first. Passwords stand there as digests. */
export function userLines(
  args: ConfigArgs,
  names: DirectiveNames,
): { readonly lines: SettingLines; readonly problems: readonly string[] } {
  const users = usersOf(args);
  if (users.length === 0) return { lines: [], problems: [] };
  if (!names.hasUsers) {
    const what = args.previous_password === undefined ? 'users came' : 'a second password beside the first came';
    return { lines: [], problems: [`this server knows one password and no ACL users: ${what} with 6.0`] };
  }
  if (args.settings.aclfile) {
    return { lines: [], problems: ['users stand in the aclfile or in the configuration, not in both'] };
  }
  const problems = users.flatMap(([name, user]) => problemOf(name, user));
  return { lines: users.map(([name, user]) => [name, ...rulesOf(user, names)]), problems };
}

/** The default user is declared by its passwords alone while two of them are accepted. */
function usersOf({ users = {}, requirepass, previous_password }: ConfigArgs): [string, DeclaredUser][] {
  const own: DeclaredUser = {
    rules: EVERYTHING,
    ...(requirepass === undefined ? {} : { password: requirepass }),
    ...(previous_password === undefined ? {} : { previous_password }),
  };
  const isDeclared = users.default !== undefined || (requirepass !== undefined && previous_password !== undefined);
  return Object.entries({ ...(isDeclared ? { default: own } : {}), ...users }).map(([name, user]) => [
    name,
    name === 'default' ? { ...own, ...user } : user,
  ]);
}

function problemOf(name: string, { rules = '' }: DeclaredUser): string[] {
  if (/[\s\0]/.test(name) || name === '') return [`${JSON.stringify(name)} is no name of an ACL user`];
  const secret = rules.split(/\s+/).find((word) => /^[><#!]/.test(word));
  return secret === undefined ? [] : [`rules of user ${name} hold a password: it is a secret, so give it as password`];
}

function rulesOf(
  { password, previous_password, rules = '', enabled = true }: DeclaredUser,
  names: DirectiveNames,
): string[] {
  const passwords = [password, previous_password].flatMap((one) => (one ? [digest(one)] : []));
  const words = rules.split(/\s+/).filter((word) => word !== '');
  // 6.0 has no channels: who may do anything may use them all.
  const known = names.hasChannels ? words : words.filter((word) => !/^(&|allchannels|resetchannels)/.test(word));
  return [enabled ? 'on' : 'off', ...new Set(passwords), ...known];
}

function digest(password: string): string {
  return `#${createHash('sha256').update(password).digest('hex')}`;
}

/**
 * What the live users lack, or have too much, and which users of the file are declared no more. Before 7.2 a server
 * tells rules for commands in words of its own: there they are compared with those in the file only.
 */
export function userChanges(
  lines: SettingLines,
  file: ConfFile | undefined,
  { users: live, config }: Pick<LiveNode, 'users' | 'config'>,
  args: ConfigArgs,
  names: DirectiveNames,
): UserChange[] {
  if (!names.hasUsers) return [];
  const allChannels = config?.get('acl-pubsub-default') === 'allchannels';
  const written = new Map((file?.settings.get('user') ?? []).map(([name = '', ...rules]) => [name, rules]));
  const declared = new Map(lines.map(([name = '', ...rules]) => [name, rules]));
  const gone = [...written.keys()].filter((name) => !declared.has(name));
  if (gone.includes('default')) declared.set('default', rulesOf(plainDefault(args), names).concat(noPassword(args)));
  const set = [...declared].flatMap(([name, rules]): UserChange[] => {
    const found = live?.get(name);
    const isWritten = written.get(name)?.join(' ') === rules.join(' ');
    if (isWritten && (live === undefined || (found && hasSame(found, rules, allChannels)))) return [];
    return [
      {
        name,
        rules,
        before: found ? `${describe(found)}${shown(found.words)}` : null,
        after: `${describe(userIn(rules))}${shown(rules)}`,
      },
    ];
  });
  const removed = gone.flatMap((name): UserChange[] => {
    const found = live?.get(name);
    return name === 'default' || !found ? [] : [{ name, rules: undefined, before: describe(found), after: null }];
  });
  return [...set, ...removed];
}

function plainDefault({ requirepass }: ConfigArgs): DeclaredUser {
  return { rules: EVERYTHING, ...(requirepass === undefined ? {} : { password: requirepass }) };
}

function noPassword({ requirepass }: ConfigArgs): string[] {
  return requirepass === undefined || requirepass === '' ? ['nopass'] : [];
}

function userIn(rules: readonly string[]): Pick<LiveUser, 'enabled' | 'digests'> {
  return { enabled: rules.includes('on'), digests: new Set(rules.filter((rule) => rule.startsWith('#'))) };
}

function hasSame(live: LiveUser, rules: readonly string[], allChannels: boolean): boolean {
  const wanted = userIn(rules);
  const form = { allChannels, commands: live.keepsCommands };
  if (canonicalRules(live.words, form) !== canonicalRules(rules, form)) return false;
  const isSame = live.digests.size === wanted.digests.size && [...wanted.digests].every((one) => live.digests.has(one));
  return live.enabled === wanted.enabled && isSame;
}

function describe({ enabled, digests }: Pick<LiveUser, 'enabled' | 'digests'>): string {
  return `${enabled ? 'on' : 'off'}, ${digests.size} ${digests.size === 1 ? 'password' : 'passwords'}`;
}

function shown(rules: readonly string[]): string {
  const words = rules.filter((rule) => !/^(#|on$|off$)/.test(rule));
  return words.length === 0 ? '' : `, ${words.join(' ')}`;
}

/** Passwords of the default user that are declared nowhere, as a sentence; they are left. */
export function undeclaredPasswords(
  lines: SettingLines,
  changes: readonly UserChange[],
  live: ReadonlyMap<string, LiveUser> | undefined,
  { requirepass }: ConfigArgs,
): string | undefined {
  const digests = live?.get('default')?.digests;
  const isManaged = lines.some(([name]) => name === 'default') || changes.some(({ name }) => name === 'default');
  if (!requirepass || !digests || isManaged) return undefined;
  const more = [...digests].filter((one) => one !== digest(requirepass)).length;
  return more === 0 ? undefined : `the default user takes ${more} more passwords than are declared`;
}

/** Lines that Redis wrote of users whom nobody declares. Of the default user it is the password that is declared. */
export function keptUserLines(added: SettingLines, lines: SettingLines, { requirepass }: ConfigArgs): SettingLines {
  const declared = new Set(lines.map(([name]) => name));
  return added.filter(([name]) => !declared.has(name) && !(name === 'default' && requirepass !== undefined));
}
