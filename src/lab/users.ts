import { chmod, readFile, symlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { runCommand } from './command.ts';
import { type HostOptions, LabError, type LabUser, type LoginOptions, type LoginShell } from './contract.ts';
import { type HostFile, makeDir, writeFiles } from './layer-files.ts';
import { findProgram } from './programs.ts';

const FIRST_UID = 2001;

/** Where `ash` lives on hosts whose own shell is another. */
const ASH = 'usr/local/bin/ash';

/** The file that each shell reads first when sshd starts it for a command. */
const START_FILES: Readonly<Record<string, string>> = {
  bash: '.bashrc',
  fish: '.config/fish/config.fish',
  tcsh: '.tcshrc',
};

/** Puts the host's users, their shells, keys, passwords and rights on its disk. `base` is the layer below. */
export async function createUsers(upper: string, base: string, options: HostOptions): Promise<void> {
  const [passwd, shadow, group] = await Promise.all(
    ['passwd', 'shadow', 'group'].map((name) => readFile(`${base}/etc/${name}`, 'utf8')),
  );
  const users = options.users ?? [];
  const root = await loginOf('root', options.root ?? {}, options);
  const logins = await Promise.all(users.map((user) => loginOf(user.name, user, options)));
  const lines = logins.map(({ name, shell }, index) => {
    return `${name}:x:${FIRST_UID + index}:${FIRST_UID + index}::/home/${name}:${shell}\n`;
  });
  await writeFiles(upper, [
    { path: 'etc/passwd', text: (passwd ?? '').replace(/^(root:.*:).*$/m, `$1${root.shell}`) + lines.join('') },
    { path: 'etc/shadow', text: shadowText(shadow ?? '', [root, ...logins]), mode: 0o640 },
    { path: 'etc/group', text: group + logins.map(({ name }, index) => `${name}:x:${FIRST_UID + index}:\n`).join('') },
    { path: 'etc/sudoers.d/lab', text: [...sudoLines(users), ...(options.sudoers ?? []), ''].join('\n'), mode: 0o440 },
    { path: 'etc/doas.conf', text: doasText(users), mode: 0o400 },
    ...startFile('root', root.shell, options.root?.profile),
  ]);
  if ([root, ...logins].some(({ shell }) => shell === `/${ASH}`)) {
    await makeDir(upper, dirname(ASH));
    await symlink('/bin/busybox', `${upper}/${ASH}`);
  }
  const keys = await readFile(`${base}/root/.ssh/authorized_keys`, 'utf8');
  for (const [index, user] of users.entries()) {
    await createHome(upper, user, { uid: FIRST_UID + index, shell: logins[index]?.shell ?? '', keys });
  }
}

interface Login {
  readonly name: string;
  readonly shell: string;
  /** As in /etc/shadow; `*` lets nobody in by password. */
  readonly hash: string;
}

async function loginOf(name: string, login: LoginOptions, options: HostOptions): Promise<Login> {
  const { password } = login;
  const hash =
    password === undefined ? '*' : await runCommand(['openssl', 'passwd', '-6', '-stdin'], { stdin: password });
  return { name, shell: shellPath(login.shell ?? (options.busybox ? 'sh' : 'bash')), hash: hash.trim() };
}

function shellPath(shell: LoginShell): string {
  if (shell.startsWith('/')) return shell;
  if (shell === 'sh') return '/bin/sh';
  if (shell === 'ash') return `/${ASH}`;
  const path = findProgram(shell);
  if (!path) throw new LabError(`login shell ${shell} is not on this machine: apt-get install ${shell}`);
  return path;
}

function shadowText(base: string, logins: readonly Login[]): string {
  const others = base.replace(/^root:.*\n/m, '');
  return logins.map(({ name, hash }) => `${name}:${hash}:20000:0:99999:7:::\n`).join('') + others;
}

function sudoLines(users: readonly LabUser[]): string[] {
  return users.flatMap(({ name, sudo }) => {
    if (sudo === undefined) return [];
    const rule = `${name} ALL=(ALL:ALL) ${sudo === 'password' ? '' : 'NOPASSWD: '}ALL`;
    return sudo === 'requiretty' ? [`Defaults:${name} requiretty`, rule] : [rule];
  });
}

function doasText(users: readonly LabUser[]): string {
  const rules = users.filter((user) => user.doas);
  return rules.map(({ name, doas }) => `permit ${doas === 'nopasswd' ? 'nopass ' : ''}${name} as root\n`).join('');
}

function startFile(home: string, shell: string, profile: string | undefined): HostFile[] {
  if (profile === undefined) return [];
  const file = START_FILES[shell.slice(shell.lastIndexOf('/') + 1)] ?? '.profile';
  return [{ path: `${home}/${file}`, text: profile.endsWith('\n') ? profile : `${profile}\n` }];
}

async function createHome(
  upper: string,
  user: LabUser,
  at: { uid: number; shell: string; keys: string },
): Promise<void> {
  const home = `home/${user.name}`;
  await makeDir(upper, `${home}/.ssh`);
  await chmod(`${upper}/${home}/.ssh`, 0o700);
  await writeFiles(upper, [
    { path: `${home}/.ssh/authorized_keys`, text: at.keys, mode: 0o600 },
    ...startFile(home, at.shell, user.profile),
  ]);
  await runCommand(['chown', '-R', `${at.uid}:${at.uid}`, `${upper}/${home}`]);
}
