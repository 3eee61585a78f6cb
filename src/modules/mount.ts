import { TaskError } from '../errors/errors.ts';
import { quote, quoteAll } from '../sh/quote.ts';
import type { ApplyContext, Change, HostModule, Plan } from './contract.ts';
import { type FstabEntry, unescapeField, withEntry, withoutEntry } from './fstab.ts';
import type { MountArgs } from './generated/mount.ts';
import { installScript, splitBackup } from './install-file.ts';
import { failedScript, ReplyLines } from './reply-lines.ts';

interface Mounted {
  readonly src: string;
  readonly fstype: string;
}

interface MountState {
  readonly fstab: string;
  readonly mounted: Mounted | undefined;
  readonly directoryExists: boolean;
}

const systemFstab = '/etc/fstab';
const fstabOf = (args: MountArgs) => args.fstab ?? systemFstab;

function entryOf(args: MountArgs): FstabEntry {
  const opts = (args.opts ?? 'defaults').split(',');
  // `noauto` says it already, and beside `defaults` Ansible adds nothing either.
  const boot = args.boot || opts.includes('noauto') || opts.includes('defaults') ? [] : ['noauto'];
  return {
    src: args.src ?? '',
    path: pathOf(args),
    fstype: args.fstype ?? '',
    opts: [...opts, ...boot].join(','),
    dump: args.dump,
    passno: args.passno,
  };
}

function pathOf(args: MountArgs): string {
  return args.path.replace(/(.)\/+$/, '$1');
}

function planMount(state: MountState, args: MountArgs): Plan {
  const wanted = entryOf(args);
  if (/[\n\0]/.test(Object.values(wanted).join(''))) return { changes: [], failed: 'no field may hold a newline' };
  const inFstab = args.state === 'present' || args.state === 'mounted';
  const leaves = args.state === 'absent' || args.state === 'absent_from_fstab';
  const after = inFstab ? withEntry(state.fstab, wanted) : leaves ? withoutEntry(state.fstab, wanted) : state.fstab;
  const changes: Change[] = [];
  if (after !== state.fstab) changes.push({ what: fstabOf(args), before: state.fstab, after, text: true });
  const step = mountStep(state, args, changes.length > 0);
  if (typeof step === 'string') return { changes: [], failed: step };
  if (step !== undefined) changes.push(step);
  const result = { name: wanted.path, fstab: fstabOf(args), opts: wanted.opts, dump: args.dump, passno: args.passno };
  return {
    changes,
    result: { ...result, ...(args.src && { src: args.src }), ...(args.fstype && { fstype: args.fstype }) },
  };
}

/** What happens to the mount itself. */
function mountStep(state: MountState, args: MountArgs, fstabChanges: boolean): Change | string | undefined {
  const { mounted } = state;
  const change = (before: unknown, after: unknown) => ({ what: `mount ${pathOf(args)}`, before, after });
  const now = mounted === undefined ? 'not mounted' : `${mounted.src} (${mounted.fstype})`;
  switch (args.state) {
    case 'mounted':
      if (mounted === undefined) return change(now, `${args.src} (${args.fstype})`);
      return fstabChanges ? change(now, 'remounted') : undefined;
    case 'ephemeral':
      if (mounted === undefined) return change(now, `${args.src} (${args.fstype})`);
      if (mounted.src === args.src) return change(now, 'remounted');
      return `Ephemeral mount point is already mounted with a different source than the specified one (${mounted.src})`;
    case 'remounted':
      return mounted === undefined ? `Error remounting ${args.path}: it is not mounted` : change(now, 'remounted');
    case 'unmounted':
      return mounted === undefined ? undefined : change(now, 'not mounted');
    case 'absent':
      return mounted === undefined || !fstabChanges ? undefined : change(now, 'not mounted');
    default:
      return undefined;
  }
}

/** A mount of what stands in fstab; of another fstab, or of none, with everything said. */
function mountScript(args: MountArgs): string {
  const { src, path, fstype, opts } = entryOf(args);
  const word = quote(path);
  if (args.state !== 'ephemeral' && fstabOf(args) === systemFstab) return `mount ${word}`;
  const named = opts
    .split(',')
    .filter((option) => option !== 'noauto')
    .join(',');
  return `mount ${quoteAll(['-t', fstype, ...(named === '' ? [] : ['-o', named]), src])} ${word}`;
}

async function run(script: string, what: string, context: ApplyContext, stdin?: Buffer): Promise<string> {
  const reply = await context.sh(script, { stdin });
  if (reply.rc !== 0) throw failedScript(reply, what);
  return reply.stdout;
}

async function writeFstab(text: string, args: MountArgs, backup: boolean, context: ApplyContext) {
  const content = Buffer.from(text);
  const script = installScript({
    path: fstabOf(args),
    bytes: content.length,
    follow: true,
    backup,
    owner: undefined,
    group: undefined,
    bits: 0o644,
  });
  return splitBackup(await run(script, `writing ${fstabOf(args)}`, context, content)).backup;
}

/** A mount that fails leaves fstab as it was: an entry that does not work could keep the host from booting. */
async function mountIt(
  state: MountState,
  args: MountArgs,
  fstabChanged: boolean,
  context: ApplyContext,
): Promise<void> {
  const path = quote(pathOf(args));
  const made = state.directoryExists ? '' : `mkdir -p -- ${path} || exit\n`;
  const reply = await context.sh(`${made}${mountScript(args)}\n`);
  if (reply.rc === 0) return;
  if (!state.directoryExists) await context.sh(`rmdir -- ${path} 2>/dev/null\n`);
  if (fstabChanged) await writeFstab(state.fstab, args, false, context);
  throw new TaskError(`Error mounting ${args.path}: ${reply.stderr.trim() || reply.stdout.trim()}`, {
    ...(fstabChanged ? { hint: `${fstabOf(args)} is as it was before` } : {}),
    details: { rc: reply.rc, stderr: reply.stderr },
  });
}

export const mount: HostModule<MountArgs, MountState> = {
  kind: 'host',
  name: 'mount',
  fusable: true,
  read: (args) => ({
    script: `[ -e ${quote(pathOf(args))} ] && echo y || echo n
cat /proc/self/mountinfo || exit
printf '\\0'
[ ! -e ${quote(fstabOf(args))} ] || cat < ${quote(fstabOf(args))}
`,
  }),
  parse({ reply }, args) {
    const lines = new ReplyLines(reply, `looking at ${args.path}`);
    const directoryExists = lines.next() === 'y';
    const mounts = lines.field().split('\n');
    return { directoryExists, mounted: mountedAt(mounts, pathOf(args)), fstab: lines.rest() };
  },
  plan: planMount,
  async apply(planned, args, context, state) {
    const fstab = planned.changes.find(({ what }) => what === fstabOf(args));
    const step = planned.changes.find(({ what }) => what.startsWith('mount '));
    const path = quote(pathOf(args));
    const unmounts = step?.after === 'not mounted';
    if (unmounts) await run(`umount ${path}\n`, `Error unmounting ${args.path}`, context);
    const kept = fstab === undefined ? undefined : await writeFstab(String(fstab.after), args, args.backup, context);
    if (args.state === 'absent' && fstab !== undefined) {
      await run(`[ ! -d ${path} ] || rmdir -- ${path}\n`, `Error rmdir ${args.path}`, context);
    }
    if (step?.after === 'remounted') {
      const options = args.opts === undefined ? 'remount' : `remount,${entryOf(args).opts}`;
      await run(`mount -o ${quote(options)} ${path}\n`, `Error remounting ${args.path}`, context);
    } else if (step !== undefined && !unmounts) await mountIt(state, args, fstab !== undefined, context);
    return kept === undefined ? {} : { backup_file: kept };
  },
};

/** The topmost mount there, from lines of mountinfo (proc(5)). */
function mountedAt(lines: readonly string[], path: string): Mounted | undefined {
  for (const line of lines.toReversed()) {
    const [left = '', right = ''] = line.split(' - ');
    if (unescapeField(left.split(' ')[4] ?? '') !== path) continue;
    const [fstype = '', src = ''] = right.split(' ');
    return { src: unescapeField(src), fstype };
  }
  return undefined;
}
