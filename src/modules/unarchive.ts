import { createHash } from 'node:crypto';
import { TaskError } from '../errors/errors.ts';
import { quote } from '../sh/quote.ts';
import { directoriesOf, parseTarListing, parseZipListing, unsafeEntry } from './archive-listing.ts';
import type { HostModule, Plan, PlanEnv } from './contract.ts';
import type { UnarchiveArgs as SchemaArgs } from './generated/unarchive.ts';
import { pathWord } from './host-path.ts';
import { type Content, contentOfSource } from './local-file.ts';
import { failedScript, ReplyLines } from './reply-lines.ts';
import { isZipArchive, listScript, recordFunctions, unpackScript } from './unarchive-script.ts';

type UnarchiveArgs = SchemaArgs & { readonly _content?: Content };

interface UnarchiveState {
  readonly destExists: boolean;
  readonly createsExists: boolean;
  /** Digest of the archive on the host (remote_src); empty: there is none. */
  readonly remote: string;
  /** Key of the recorded unpacking, when all its files are still as it left them. */
  readonly recorded: string;
}

/**
 * Ansible compares the archive with the directory, for which it sends the archive every time. Here the unpacking leaves a record
 * (what was unpacked, and a digest over kind, owner, size and time of its files), so an unchanged archive is never sent.
 */
function recordName(args: UnarchiveArgs): string {
  const name = args.src.split('/').at(-1) ?? '';
  return `.rcdeploy-unarchive-${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
}

function keyOf(args: UnarchiveArgs, sha256: string): string {
  const { owner, group, mode, include, exclude, extra_opts } = args;
  return createHash('sha256')
    .update(JSON.stringify([sha256, owner, group, mode, include, exclude, extra_opts]))
    .digest('hex');
}

const isRemote = (args: UnarchiveArgs) => args.remote_src || args.copy === false;

function digestOf(state: UnarchiveState, args: UnarchiveArgs): string {
  return args._content?.sha256 ?? state.remote;
}

function plan(state: UnarchiveState, args: UnarchiveArgs, env: PlanEnv): Plan {
  const result = { dest: args.dest, src: args.src, handler: isZipArchive(args) ? 'ZipArchive' : 'TarArchive' };
  if (args.creates !== undefined && state.createsExists) {
    return { changes: [], skipped: `skipped, since ${args.creates} exists`, result: { ...result, changed: false } };
  }
  const lenient = env.check && env.changesPredicted;
  const change = { what: args.dest, before: 'not unpacked, or changed since', after: `unpacked ${args.src}` };
  if (isRemote(args) && state.remote === '') {
    if (lenient) return { changes: [change], result };
    return { changes: [], failed: `Source '${args.src}' does not exist on ${env.host}`, result };
  }
  if (!state.destExists && !lenient)
    return { changes: [], failed: `dest '${args.dest}' must be an existing dir`, result };
  return { changes: state.recorded === keyOf(args, digestOf(state, args)) ? [] : [change], result };
}

export const unarchive: HostModule<UnarchiveArgs, UnarchiveState> = {
  kind: 'host',
  name: 'unarchive',
  fusable: true,
  async prepare(args, env) {
    if (/^\w+:\/\//.test(args.src)) {
      throw new TaskError(`unarchive does not fetch ${args.src}`, {
        hint: 'fetch it with get_url and a checksum, then unarchive with remote_src',
      });
    }
    if (isRemote(args)) return args;
    return { ...args, _content: (await contentOfSource(env.findFile(args.src, 'files'), args.decrypt)).content };
  },
  read: (args) => ({
    script: `${recordFunctions}${args.creates === undefined ? 'echo n' : `[ -e ${pathWord(args.creates)} ] && echo y || echo n`}
a=${isRemote(args) ? pathWord(args.src) : ''}
if [ -n "$a" ] && [ -f "$a" ]; then h=$(sha256sum < "$a") || exit; echo "\${h%% *}"; else echo; fi
cd -- ${pathWord(args.dest)} 2>/dev/null || { echo n; exit 0; }
echo y
r=${quote(recordName(args))}
if [ -f "$r" ]; then { read -r k; read -r l; } < "$r"; [ "$(listing_digest "$r")" = "$l" ] && echo "$k"; fi
:
`,
  }),
  parse({ reply }, args) {
    const lines = new ReplyLines(reply, `looking at ${args.dest}`);
    const createsExists = lines.next() === 'y';
    const remote = lines.next();
    return { createsExists, remote, destExists: lines.next() === 'y', recorded: lines.next() };
  },
  plan,
  async apply(_plan, args, context, state) {
    const pushed = args._content === undefined ? undefined : await push(args._content, args, context);
    const archive = pushed ?? pathWord(args.src);
    try {
      const listed = await context.sh(listScript(args, archive));
      if (listed.rc !== 0)
        throw failedScript(listed, `listing ${args.src}`, 'the host needs tar with this compression, or unzip');
      const entries = isZipArchive(args) ? parseZipListing(listed.stdout) : parseTarListing(listed.stdout);
      // BusyBox's tar lists an absolute name without its slash, and says so.
      const stripped = /removing leading/i.test(listed.stderr) ? 'it holds absolute names' : undefined;
      const unsafe = stripped ?? unsafeEntry(entries);
      if (unsafe !== undefined) throw new TaskError(`${args.src} is not unpacked: ${unsafe}`);
      context.progress(`unpacking ${args.src}: ${entries.length} entries`);
      const key = keyOf(args, digestOf(state, args));
      const reply = await context.sh(unpackScript(args, archive, directoriesOf(entries), recordName(args), key));
      if (reply.rc !== 0) throw failedScript(reply, `unpacking ${args.src}`);
      return args.list_files ? { files: entries.map(({ name }) => name) } : {};
    } finally {
      if (pushed !== undefined) await context.sh(`rm -f -- ${pushed}\n`);
    }
  },
};

/** The archive waits beside the directory it goes to, where there is room for it, readable by the task's user only. */
async function push(
  content: Content,
  args: UnarchiveArgs,
  context: Parameters<typeof unarchive.apply>[2],
): Promise<string> {
  const script = `umask 077; t=$(mktemp ${pathWord(args.dest.replace(/(.)\/+$/, '$1'))}/.rcdeploy-archive.XXXXXX) || exit
trap 'rm -f -- "$t"' EXIT
trap 'exit 143' HUP INT TERM
cat > "$t" && [ "$(wc -c < "$t")" -eq ${content.size} ] || { echo "the archive did not arrive whole" >&2; exit 1; }
trap - EXIT
printf '%s' "$t"
`;
  const reply = await context.sh(script, { stdin: await content.bytes() });
  if (reply.rc !== 0) throw failedScript(reply, `sending ${args.src}`);
  return quote(reply.stdout);
}
