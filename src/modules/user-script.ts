import { TaskError } from '../errors/errors.ts';
import { quote, quoteAll } from '../sh/quote.ts';
import { entryRead } from './account-read.ts';
import type { Plan } from './contract.ts';
import type { UserArgs } from './generated/user.ts';
import { pathWord } from './host-path.ts';
import { type UserState, wantedGroups } from './user.ts';

interface UserScript {
  readonly script: string;
  /** `name:hash` for chpasswd: a hash is a secret and never in an argv. */
  readonly stdin: Buffer | undefined;
}

export function userScript(plan: Plan, args: UserArgs, state: UserState): UserScript {
  if (args.state === 'absent') return { script: removal(args, state), stdin: undefined };
  const changed = new Set(plan.changes.map((change) => change.what));
  const account = state.tools === 'shadow' ? shadowLine(args, state, changed) : busyboxLines(args, state, changed);
  const password = changed.has('password') ? passwordLine(args, state) : undefined;
  const lines = [
    account,
    password === undefined ? '' : 'chpasswd -e <&6 || exit',
    changed.has('password_lock') ? lockLine(args, state) : '',
    changed.has('expires (days since 1970)') ? `chage -E ${expiry(args)} -- ${quote(args.name)} || exit` : '',
    changed.has('home directory') ? homeLines(args, state) : '',
    entryRead('passwd', args.name),
  ];
  const script = lines.filter((line) => line !== '').join('\n');
  return { script: `exec 6<&0\n${script}`, stdin: password };
}

function removal(args: UserArgs, state: UserState): string {
  const name = quote(args.name);
  if (state.tools === 'shadow') return `userdel ${args.remove ? '-r ' : ''}${args.force ? '-f ' : ''}-- ${name}\n`;
  return `deluser ${args.remove ? '--remove-home ' : ''}${name}\n`;
}

function shadowLine(args: UserArgs, state: UserState, changed: ReadonlySet<string>): string {
  const options: string[] = [];
  const want = (what: string, ...words: string[]) => {
    if (changed.has(what)) options.push(...words);
  };
  if (args.non_unique && changed.has('uid')) options.push('-o');
  want('uid', '-u', String(args.uid));
  want('group', '-g', args.group ?? '');
  want('comment', '-c', args.comment ?? '');
  want('home', '-d', args.home ?? '');
  want('shell', '-s', args.shell ?? '');
  want('groups', '-G', wantedGroups(state, args)?.join(',') ?? '');
  const name = quote(args.name);
  if (state.exists) {
    if (args.move_home && changed.has('home')) options.push('-m');
    return options.length === 0 ? '' : `usermod ${quoteAll(options)} -- ${name} || exit`;
  }
  if (args.system) options.push('-r');
  options.push(args.create_home ? '-m' : '-M');
  if (args.create_home && args.skeleton !== undefined) options.push('-k', args.skeleton);
  // Without a group of its own a name that is a group already would be refused; Ansible then joins that group.
  if (args.group !== undefined) return `useradd ${quoteAll(options)} -- ${name} || exit`;
  return `g=$(${entryRead('group', args.name)})
if [ -n "$g" ]; then useradd ${quoteAll(options)} -N -g ${name} -- ${name} || exit; else useradd ${quoteAll(options)} -- ${name} || exit; fi`;
}

/** BusyBox has adduser and addgroup, and nothing that changes an account: that is refused by name. */
function busyboxLines(args: UserArgs, state: UserState, changed: ReadonlySet<string>): string {
  const name = quote(args.name);
  const fixed = ['uid', 'group', 'comment', 'home', 'shell'].filter((what) => changed.has(what));
  if (state.exists && fixed.length > 0) {
    throw new TaskError(`user ${args.name}: this host's BusyBox cannot change ${fixed.join(', ')} of an account`, {
      hint: 'install the package `shadow`, which has usermod',
    });
  }
  const lines: string[] = [];
  if (!state.exists) {
    const options = ['-D', ...(args.system ? ['-S'] : []), ...(args.create_home ? [] : ['-H'])];
    if (args.uid !== undefined) options.push('-u', String(args.uid));
    if (args.home !== undefined) options.push('-h', args.home);
    if (args.shell !== undefined) options.push('-s', args.shell);
    if (args.comment !== undefined) options.push('-g', args.comment);
    if (args.skeleton !== undefined) options.push('-k', args.skeleton);
    if (args.group !== undefined) options.push('-G', args.group);
    lines.push(`adduser ${quoteAll(options)} ${name} || exit`);
  }
  if (changed.has('groups')) {
    const wanted = wantedGroups(state, args) ?? [];
    for (const group of wanted.filter((other) => !state.groups.includes(other)))
      lines.push(`addgroup ${name} ${quote(group)} || exit`);
    for (const group of state.groups.filter((other) => !wanted.includes(other)))
      lines.push(`delgroup ${name} ${quote(group)} || exit`);
  }
  return lines.join('\n');
}

function passwordLine(args: UserArgs, state: UserState): Buffer {
  const keepsLock = args.password_lock ?? (state.exists && (state.password?.startsWith('!') ?? false));
  const hash = args.password ?? '';
  return Buffer.from(`${args.name}:${keepsLock && !hash.startsWith('!') ? `!${hash}` : hash}\n`);
}

function lockLine(args: UserArgs, state: UserState): string {
  if (
    args.password !== undefined &&
    state.password !== undefined &&
    args.update_password === 'always' &&
    !args.password_lock
  )
    return '';
  const option = args.password_lock ? '-L' : '-U';
  const busybox = args.password_lock ? '-l' : '-u';
  const name = quote(args.name);
  return `if command -v usermod >/dev/null 2>&1; then usermod ${option} -- ${name} || exit; else passwd ${busybox} ${name} || exit; fi`;
}

function expiry(args: UserArgs): string {
  return args.expires === undefined || args.expires < 0 ? '-1' : String(Math.floor(args.expires / 86400));
}

function homeLines(args: UserArgs, state: UserState): string {
  const home = pathWord(args.home ?? state.home);
  const skeleton = pathWord(args.skeleton ?? '/etc/skel');
  return `h=${home}; if [ ! -d "$h" ]; then mkdir -p -- "$h" || exit; [ ! -d ${skeleton} ] || cp -R ${skeleton}/. "$h" || exit
chown -R -- ${quote(args.name)}:"$(id -gn ${quote(args.name)})" "$h" && chmod 0755 "$h" || exit; fi`;
}
