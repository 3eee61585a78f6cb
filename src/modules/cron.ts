import { quote } from '../sh/quote.ts';
import type { Change, HostModule, Plan } from './contract.ts';
import { editedCrontab, namesIn } from './crontab.ts';
import type { CronArgs } from './generated/cron.ts';
import { pathWord } from './host-path.ts';
import { installScript, splitBackup } from './install-file.ts';
import { failedScript, ReplyLines } from './reply-lines.ts';

interface Crontab {
  readonly kind: 'file' | 'user' | 'missing';
  readonly exists: boolean;
  readonly text: string;
}

function fileOf(args: CronArgs): string | undefined {
  if (args.cron_file === undefined) return undefined;
  return args.cron_file.startsWith('/') ? args.cron_file : `/etc/cron.d/${args.cron_file}`;
}

/** `-u` needs root, so it is left out where the crontab is one's own. */
function userWord(args: CronArgs): string {
  return args.user === undefined ? 'u=' : `u=; [ "$(id -un)" = ${quote(args.user)} ] || u="-u "${quote(args.user)}`;
}

function read(args: CronArgs): string {
  const file = fileOf(args);
  if (file !== undefined)
    return `f=${pathWord(file)}\nif [ -e "$f" ]; then echo file y; cat < "$f"; else echo file n; fi\n`;
  // A user without a crontab is told as an error; whoever is not known is one.
  return `command -v crontab >/dev/null 2>&1 || { echo missing n; exit 0; }
${args.user === undefined ? '' : `id ${quote(args.user)} >/dev/null || exit\n`}${userWord(args)}
if t=$(crontab $u -l 2>/dev/null && echo x); then printf 'user y\\n%s' "\${t%x}"; else echo user n; fi
`;
}

function plan(state: Crontab, args: CronArgs): Plan {
  if (state.kind === 'missing') {
    return { changes: [], failed: 'the host has no crontab command', result: { name: args.name } };
  }
  const file = fileOf(args);
  if (file === '/etc/crontab')
    return { changes: [], failed: 'Will not manage /etc/crontab via cron_file, see documentation.' };
  if (file !== undefined && args.user === undefined) {
    return { changes: [], failed: 'To use cron_file=... parameter you must specify user=... as well' };
  }
  const after = editedCrontab(state.text, args);
  const result = {
    name: args.name,
    state: args.state,
    ...namesIn(after),
    ...(file === undefined ? {} : { cron_file: file }),
  };
  if (after === state.text && (after !== '' || !state.exists || file === undefined)) return { changes: [], result };
  if (after === '' && args.state === 'absent' && !state.exists) return { changes: [], result };
  const what = file ?? `crontab of ${args.user ?? 'the user'}`;
  const change: Change = { what, before: state.text, after, text: true };
  return { changes: [change], result };
}

export const cron: HostModule<CronArgs, Crontab> = {
  kind: 'host',
  name: 'cron',
  fusable: true,
  read: (args) => ({ script: read(args) }),
  parse({ reply }) {
    const lines = new ReplyLines(reply, 'reading the crontab');
    const [kind, exists] = lines.next().split(' ');
    return { kind: kind as Crontab['kind'], exists: exists === 'y', text: lines.rest() };
  },
  plan,
  async apply(planned, args, context, state) {
    const file = fileOf(args);
    const content = Buffer.from(String(planned.changes[0]?.after ?? ''));
    const reply = await context.sh(
      file === undefined ? writeUser(args, state) : writeFile(file, content.length, args),
      {
        stdin: content,
      },
    );
    if (reply.rc !== 0) throw failedScript(reply, 'writing the crontab');
    const { backup } = splitBackup(reply.stdout);
    return backup === undefined ? {} : { backup_file: backup };
  },
};

/** crontab(1) checks the text and takes it as a whole. */
function writeUser(args: CronArgs, state: Crontab): string {
  const keep =
    args.backup && state.exists
      ? `b=$(umask 077 && mktemp /tmp/crontab.XXXXXX) && crontab $u -l >"$b" && printf 'backup:%s\\0' "$b" || exit\n`
      : '';
  return `${userWord(args)}\n${keep}crontab $u - 2>&1\n`;
}

function writeFile(path: string, bytes: number, args: CronArgs): string {
  if (bytes === 0) return `rm -f -- ${quote(path)}\n`;
  return installScript({ path, bytes, backup: args.backup, owner: undefined, group: undefined, bits: 0o644 });
}
