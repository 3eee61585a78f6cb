import { quote } from '../sh/quote.ts';
import { entryRead } from './account-read.ts';
import { type AuthorizedKey, allKeys, keyLine, parseKeyLine } from './authorized-keys.ts';
import type { HostModule, Plan, PlanEnv } from './contract.ts';
import type { AuthorizedKeyArgs } from './generated/authorized_key.ts';
import { parentOf, pathWord } from './host-path.ts';
import { installScript } from './install-file.ts';
import { failedScript, ReplyLines } from './reply-lines.ts';

interface Looked {
  /** undefined: there is no such user. */
  readonly account: { readonly uid: string; readonly gid: string } | undefined;
  readonly file: string;
  readonly directoryExists: boolean;
  readonly fileExists: boolean;
  readonly text: string;
}

function script(args: AuthorizedKeyArgs): string {
  const file = args.path === undefined ? '"$h"/.ssh/authorized_keys' : pathWord(args.path);
  return `e=$({ ${entryRead('passwd', args.user)}}) || exit
printf '%s\\n' "$e"
h=\${e%:*} h=\${h##*:}
f=${file}
${args.follow ? '[ ! -L "$f" ] || f=$(readlink -f -- "$f") || exit\n' : ''}[ -d "\${f%/*}" ] && echo y || echo n
[ -e "$f" ] && echo y || echo n
printf '%s\\0' "$f"
[ ! -e "$f" ] || cat < "$f"
`;
}

function parse(lines: ReplyLines): Looked {
  const [, , uid, gid] = lines.next().split(':');
  const [directory, exists] = [lines.next(), lines.next()];
  const file = lines.field();
  return {
    account: uid === undefined || gid === undefined ? undefined : { uid, gid },
    directoryExists: directory === 'y',
    fileExists: exists === 'y',
    file,
    text: lines.rest(),
  };
}

/** The lines in their order, keys or whatever else; keys that are new or differ come last. */
export function editedKeys(text: string, wanted: readonly AuthorizedKey[], args: AuthorizedKeyArgs): string {
  const lines = text.split('\n').filter((line, index, all) => line !== '' || index < all.length - 1);
  const entries = lines.map((line) => ({ line, key: parseKeyLine(line) }));
  const isWanted = (data: string | undefined) => wanted.find((key) => key.data === data);
  if (args.state === 'absent') {
    const kept = entries.filter(({ key }) => key === undefined || isWanted(key.data) === undefined);
    return kept.length === entries.length ? text : kept.map(({ line }) => `${line}\n`).join('');
  }
  const same = (key: AuthorizedKey | undefined) => {
    const other = key && isWanted(key.data);
    return other !== undefined && keyLine(other) === keyLine(key as AuthorizedKey);
  };
  const kept = entries.filter(({ key }) => same(key) || (!args.exclusive && isWanted(key?.data) === undefined));
  const missing = wanted.filter((key) => !entries.some((entry) => same(entry.key) && entry.key?.data === key.data));
  if (missing.length === 0 && kept.length === entries.length) return text;
  return [...kept.map(({ line }) => line), ...missing.map(keyLine)].map((line) => `${line}\n`).join('');
}

function plan(state: Looked, args: AuthorizedKeyArgs, env: PlanEnv): Plan {
  const result = {
    user: args.user,
    key: args.key,
    keyfile: state.file,
    // Ansible tells the file's state under this name, not what was asked for.
    state: state.fileExists || args.state === 'present' ? 'file' : 'absent',
    exclusive: args.exclusive,
    manage_dir: args.manage_dir,
    key_options: args.key_options ?? null,
    comment: args.comment ?? null,
    unique: false,
    validate_certs: true,
  };
  const wanted = allKeys(args.key, args.key_options, args.comment);
  if (typeof wanted === 'string') return { changes: [], failed: wanted };
  if (state.account === undefined) {
    if (env.check && env.changesPredicted)
      return { changes: [{ what: `keys of ${args.user}`, before: null, after: args.key }] };
    return { changes: [], failed: `Failed to lookup user ${args.user}: there is no such user on the host` };
  }
  const after = editedKeys(state.text, wanted, args);
  if (after === state.text && (state.fileExists || args.state === 'absent')) return { changes: [], result };
  if (!state.directoryExists && !args.manage_dir && !(env.check && env.changesPredicted)) {
    return { changes: [], failed: `${parentOf(state.file)} does not exist and manage_dir is false` };
  }
  const before = state.fileExists ? state.text : '';
  return { changes: [{ what: state.file, before, after, text: true }], result };
}

export const authorizedKey: HostModule<AuthorizedKeyArgs, Looked> = {
  kind: 'host',
  name: 'authorized_key',
  fusable: true,
  read: (args) => ({ script: script(args) }),
  parse: ({ reply }, args) => parse(new ReplyLines(reply, `looking at the keys of ${args.user}`)),
  plan,
  async apply(planned, args, context, { account, file }) {
    const content = Buffer.from(String(planned.changes[0]?.after ?? ''));
    const owner = { owner: account?.uid, group: account?.gid };
    const directory = quote(parentOf(file));
    const ownsHome = args.path === undefined;
    // mkdir without -p refuses a directory that just appeared; its parents are not ours to make.
    const made = args.manage_dir
      ? `${ownsHome ? linkGuard(directory) : ''}if [ ! -d ${directory} ]; then mkdir -m 700 -- ${directory} || exit; fi
chown -- ${quote(`${owner.owner}:${owner.group}`)} ${directory} && chmod 700 -- ${directory} || exit
`
      : '';
    const script = made + installScript({ path: file, bytes: content.length, ...owner, bits: 0o600 });
    const reply = await context.sh(script, { stdin: content });
    if (reply.rc !== 0) throw failedScript(reply, `writing ${file}`);
    return {};
  },
};

/** Root would give away whatever a user's own link leads to. */
function linkGuard(directory: string): string {
  return `if [ -L ${directory} ] && [ "$(id -u)" = 0 ] && [ "$(stat -c %u ${directory})" != 0 ]; then
  echo ${directory}" is a symbolic link of its user's and may lead anywhere; name the file with path" >&2; exit 1
fi
`;
}
