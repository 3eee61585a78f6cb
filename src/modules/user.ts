import { TaskError } from '../errors/errors.ts';
import { contained } from '../sh/contained.ts';
import { quote } from '../sh/quote.ts';
import { entryFunction, entryRead } from './account-read.ts';
import type { Change, HostModule, Plan, PlanEnv, Result } from './contract.ts';
import type { UserArgs } from './generated/user.ts';
import { pathWord } from './host-path.ts';
import { failedScript, ReplyLines } from './reply-lines.ts';
import { userScript } from './user-script.ts';

export interface UserState {
  readonly exists: boolean;
  readonly uid: number;
  readonly gid: number;
  readonly comment: string;
  readonly home: string;
  readonly shell: string;
  /** Name of the primary group. */
  readonly group: string;
  /** Further groups, without the primary one. */
  readonly groups: readonly string[];
  /** undefined: may not be read without root. */
  readonly password: string | undefined;
  /** Days since 1970; empty: never. */
  readonly expires: string;
  readonly uidOwner: string;
  readonly missingGroups: readonly string[];
  readonly homeExists: boolean;
  readonly tools: 'shadow' | 'busybox' | 'none';
}

/** What `id` would say, without the further groups, which nobody asks for: `i` of `u`. */
const primaryGroup = `if [ -n "$u" ]; then
  i=\${u#*:*:*:} i=\${i%%:*}
  find_entry group "$i" 3
  l=$r n=\${u#*:*:} n=\${n%%:*}
  i="uid=$n(\${u%%:*}) gid=$i\${l:+(\${l%%:*})} groups=$i\${l:+(\${l%%:*})}"
fi`;

function script(args: UserArgs): string {
  const named = [...(args.group === undefined ? [] : [args.group]), ...(args.groups ?? [])];
  return contained(`${entryFunction}find_entry passwd ${quote(args.name)} 1
u=$r
i=
${args.groups === undefined ? primaryGroup : `[ -z "$u" ] || i=$(id -- "\${u%%:*}" 2>/dev/null)`}
g=\${i#* gid=}
printf '%s\\n%s\\n' "$u" "$i"
${needsShadow(args) ? `if [ -r /etc/shadow ]; then echo readable; ${entryRead('shadow', args.name)}else echo; echo; fi` : 'echo; echo'}
${args.uid === undefined ? 'echo' : `entry passwd ${args.uid} 3`}
${named.map(groupRead).join('')}[ -d ${args.home === undefined ? '"$(printf %s "$u" | cut -d: -f6)"' : pathWord(args.home)} ] && echo y || echo n
if command -v useradd >/dev/null 2>&1; then echo shadow; elif command -v adduser >/dev/null 2>&1; then echo busybox; else echo none; fi
`);
}

/** Who reads it may know every account's hash: only for what is asked of it. */
function needsShadow({ password, password_lock, expires }: UserArgs): boolean {
  return password !== undefined || password_lock !== undefined || expires !== undefined;
}

/** A line that is empty when there is no such group; one of the user's own groups (`g`, from `id`) needs no further look. */
function groupRead(group: string): string {
  const isNumber = /^\d+$/.test(group);
  const own = isNumber ? `*[,=]${group}"("*` : `*${quote(`(${group})`)}*`;
  return `case ",$g" in ${own}) echo known ;; *) entry group ${quote(group)} ${isNumber ? 3 : 1} ;; esac\n`;
}

/** `uid=999(redis) gid=999(redis) groups=999(redis),27(sudo)`; a number without a name stands for itself, as in `id -Gn`. */
function groupsOfId(line: string): { readonly group: string; readonly groups: readonly string[] } {
  const name = (text: string) => /^\d+\((.*)\)$/.exec(text)?.[1] ?? text;
  const [, gid = '', all = ''] = / gid=(\d+(?:\([^)]*\))?).*? groups=(.*)$/.exec(line) ?? [];
  const group = name(gid);
  const groups = all.split(/,(?=\d+(?:\(|,|$))/).map(name);
  return { group, groups: groups.filter((each) => each !== '' && each !== group) };
}

function parse(lines: ReplyLines, args: UserArgs): UserState {
  const entry = lines.next().split(':');
  const { group, groups } = groupsOfId(lines.next());
  const readable = lines.next() === 'readable';
  const shadow = lines.next().split(':');
  const uidOwner = lines.next().split(':')[0] ?? '';
  const named = [...(args.group === undefined ? [] : [args.group]), ...(args.groups ?? [])];
  const missingGroups = named.filter(() => lines.next().trim() === '');
  return {
    exists: entry.length >= 7,
    uid: Number(entry[2]),
    gid: Number(entry[3]),
    comment: entry[4] ?? '',
    home: entry[5] ?? '',
    shell: entry[6] ?? '',
    group,
    groups,
    password: readable ? (shadow[1] ?? '') : undefined,
    expires: shadow[7] ?? '',
    uidOwner,
    missingGroups,
    homeExists: lines.next() === 'y',
    tools: lines.next() as UserState['tools'],
  };
}

function plan(state: UserState, args: UserArgs, env: PlanEnv): Plan {
  const result: Result = { name: args.name, state: args.state };
  if (args.state === 'absent') {
    const changes = state.exists ? [{ what: `user ${args.name}`, before: `uid ${state.uid}`, after: 'absent' }] : [];
    return { changes, result: { ...result, force: args.force, remove: args.remove } };
  }
  const missing = state.missingGroups[0];
  if (missing !== undefined && !(env.check && env.changesPredicted)) {
    return { changes: [], failed: `Group ${missing} does not exist`, result };
  }
  if (args.uid !== undefined && state.uidOwner !== '' && state.uidOwner !== args.name && !args.non_unique) {
    return { changes: [], failed: `uid ${args.uid} is taken by user ${state.uidOwner}`, result };
  }
  const broken = (['comment', 'home', 'shell'] as const).find((key) => /[:\n]/.test(args[key] ?? ''));
  if (broken !== undefined)
    return { changes: [], failed: `${broken} holds a colon or a newline, which /etc/passwd cannot keep`, result };
  if (args.password !== undefined && /[:\n]/.test(args.password)) {
    return {
      changes: [],
      failed: 'password holds a colon or a newline: it must be a hash as `password_hash` gives',
      result,
    };
  }
  const changes = userChanges(state, args);
  const known = {
    uid: args.uid ?? (state.exists ? state.uid : undefined),
    group: state.exists ? state.gid : undefined,
    home: args.home ?? (state.exists ? state.home : `/home/${args.name}`),
    shell: args.shell ?? state.shell,
    comment: args.comment ?? state.comment,
  };
  return {
    changes,
    result: { ...result, ...known, append: args.append, create_home: args.create_home, system: args.system },
  };
}

function userChanges(state: UserState, args: UserArgs): Change[] {
  const changes: Change[] = [];
  const compare = (what: string, before: unknown, after: unknown) => {
    if (after !== undefined && before !== after) changes.push({ what, before: state.exists ? before : null, after });
  };
  if (!state.exists) changes.push({ what: `user ${args.name}`, before: 'absent', after: 'present' });
  compare('uid', state.uid, args.uid);
  if (args.group !== undefined && args.group !== state.group && args.group !== String(state.gid))
    compare('group', state.group, args.group);
  compare('comment', state.comment, args.comment);
  compare('home', state.home, args.home);
  compare('shell', state.shell, args.shell);
  const groups = wantedGroups(state, args);
  if (groups !== undefined) compare('groups', [...state.groups].sort().join(','), groups.join(','));
  const locked = state.password?.startsWith('!') ?? false;
  const hash = state.password?.replace(/^!/, '');
  if (
    args.password !== undefined &&
    (!state.exists || args.update_password === 'always') &&
    hash !== args.password.replace(/^!/, '')
  ) {
    changes.push({ what: 'password', before: 'another hash', after: 'the given hash' });
  }
  if (args.password_lock !== undefined && (!state.exists ? args.password_lock : locked !== args.password_lock)) {
    changes.push({ what: 'password_lock', before: locked, after: args.password_lock });
  }
  if (args.expires !== undefined) {
    const days = args.expires < 0 ? '' : String(Math.floor(args.expires / 86400));
    compare('expires (days since 1970)', state.expires, days);
  }
  if (state.exists && args.create_home && !state.homeExists)
    changes.push({ what: 'home directory', before: 'absent', after: args.home ?? state.home });
  return changes;
}

/** The further groups that the user shall have, sorted; undefined: not asked for. */
export function wantedGroups(state: UserState, args: UserArgs): string[] | undefined {
  if (args.groups === undefined) return undefined;
  const primary = args.group ?? state.group;
  const named = args.groups.filter((name) => name !== '' && name !== primary);
  return [...new Set(args.append ? [...state.groups, ...named] : named)].sort();
}

export const user: HostModule<UserArgs, UserState> = {
  kind: 'host',
  name: 'user',
  fusable: true,
  read: (args) => ({ script: script(args) }),
  parse: ({ reply }, args) => parse(new ReplyLines(reply, `looking up user ${args.name}`), args),
  plan,
  async apply(planned, args, context, state) {
    if (state.tools === 'none') {
      throw new TaskError(`${context.host} has neither useradd nor adduser`, {
        hint: 'install shadow-utils (passwd, shadow)',
      });
    }
    const { script: text, stdin } = userScript(planned, args, state);
    const reply = await context.sh(text, { stdin });
    if (reply.rc !== 0) throw failedScript(reply, `changing user ${args.name}`);
    const entry = reply.stdout.trimEnd().split('\n').at(-1)?.split(':') ?? [];
    if (args.state === 'absent' || entry.length < 7) return {};
    return { uid: Number(entry[2]), group: Number(entry[3]), comment: entry[4], home: entry[5], shell: entry[6] };
  },
};
