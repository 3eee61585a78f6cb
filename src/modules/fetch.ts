import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, normalize, resolve } from 'node:path';
import { TaskError } from '../errors/errors.ts';
import { quote } from '../sh/quote.ts';
import type { ApplyContext, HostModule, Plan, PrepareEnv, Result } from './contract.ts';
import type { FetchArgs as SchemaArgs } from './generated/fetch.ts';
import { pathWord } from './host-path.ts';
import { contentOfFile } from './local-file.ts';
import { failedScript, ReplyLines } from './reply-lines.ts';

type FetchArgs = SchemaArgs & {
  /** Where it goes on the control machine. */
  readonly _dest?: string;
  /** SHA-1 of what is there now. */
  readonly _known?: string | undefined;
};

interface Remote {
  readonly kind: 'file' | 'missing' | 'directory' | 'unreadable';
  readonly sha1: string;
  readonly size: number;
}

/** Bytes of one message; a reply may hold 8 MiB. */
const block = 3 * 1024 * 1024;

async function prepare(args: FetchArgs, env: PrepareEnv): Promise<FetchArgs> {
  const _dest = destinationOf(args, env);
  const _known = existsSync(_dest) && statSync(_dest).isFile() ? (await contentOfFile(_dest)).sha1 : undefined;
  return { ...args, _dest, _known };
}

function destinationOf(args: FetchArgs, env: PrepareEnv): string {
  const base = String(env.scope.lookup('playbook_dir') ?? '.');
  const dest = resolve(base, args.dest);
  if (!args.flat) {
    // The path is the playbook's, but it may hold what a host said: it must not lead out of the host's own directory.
    const root = join(dest, env.host);
    const full = normalize(`${root}/${args.src.replace(/^~\//, '')}`);
    if (full.startsWith(`${root}/`)) return full;
    throw new TaskError(`Detected directory traversal, expected to be contained in '${root}' but got '${full}'`);
  }
  if (args.dest.endsWith('/')) return join(dest, basename(args.src));
  if (existsSync(dest) && statSync(dest).isDirectory()) {
    throw new TaskError(
      'dest is an existing directory, use a trailing slash if you want to fetch src into that directory',
    );
  }
  return dest;
}

function plan(remote: Remote, args: FetchArgs): Plan {
  const dest = args._dest ?? '';
  if (remote.kind !== 'file') {
    const msg = {
      missing: 'the remote file does not exist',
      directory: 'remote file is a directory, fetch cannot work on directories',
      unreadable: 'No read permission on remote file',
    }[remote.kind];
    if (args.fail_on_missing) return { changes: [], failed: `${msg}: ${args.src}`, result: { file: args.src } };
    return { changes: [], result: { changed: false, file: args.src, msg: `${msg}, not transferring, ignored` } };
  }
  const result: Result = { checksum: remote.sha1, dest, file: args.src };
  if (args._known === remote.sha1) return { changes: [], result };
  const before = args._known === undefined ? null : `sha1:${args._known}`;
  return {
    changes: [{ what: dest, before, after: `sha1:${remote.sha1}` }],
    result: { ...result, remote_checksum: remote.sha1 },
  };
}

/** The file in blocks, each as base64: every byte comes as it is, however long the file. */
async function receive(args: FetchArgs, remote: Remote, context: ApplyContext): Promise<Result> {
  const dest = args._dest ?? '';
  const partial = join(
    dirname(dest),
    `.rcdeploy-${createHash('sha1').update(`${context.host} ${dest}`).digest('hex')}`,
  );
  await mkdir(dirname(dest), { recursive: true });
  const hash = createHash('sha1');
  try {
    const handle = await open(partial, 'w');
    try {
      for (let done = 0; done * block < remote.size; done += 1) {
        const reply = await context.sh(
          `dd if=${quoteSource(args.src)} bs=${block} skip=${done} count=1 2>/dev/null | base64\n`,
        );
        if (reply.rc !== 0) throw failedScript(reply, `reading ${args.src}`);
        const bytes = Buffer.from(reply.stdout, 'base64');
        hash.update(bytes);
        await handle.write(bytes);
        if (remote.size > block) {
          context.progress(
            `fetching ${args.src}: ${Math.min((done + 1) * block, remote.size)} of ${remote.size} bytes`,
          );
        }
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    const checksum = hash.digest('hex');
    if (args.validate_checksum && checksum !== remote.sha1) {
      throw new TaskError(`checksum mismatch: ${args.src} changed while it was fetched`, {
        hint: `${dest} was left as it was; run again`,
        details: { checksum, remote_checksum: remote.sha1, dest },
      });
    }
    await rename(partial, dest);
    return { changed: true, checksum };
  } finally {
    await rm(partial, { force: true });
  }
}

function quoteSource(src: string): string {
  return src.startsWith('~') ? pathWord(src) : quote(src);
}

export const fetchFile: HostModule<FetchArgs, Remote> = {
  kind: 'host',
  name: 'fetch',
  fusable: true,
  prepare,
  read: (args) => ({
    script: `p=${pathWord(args.src)}
if [ -d "$p" ]; then echo directory
elif [ ! -e "$p" ]; then echo missing
elif [ ! -r "$p" ]; then echo unreadable
else h=$(sha1sum < "$p") && printf 'file\\n%s\\n%s\\n' "\${h%% *}" "$(wc -c < "$p")" || exit
fi
`,
  }),
  parse({ reply }, args) {
    const lines = new ReplyLines(reply, `looking at ${args.src}`);
    return { kind: lines.next() as Remote['kind'], sha1: lines.next(), size: Number(lines.next()) };
  },
  plan,
  apply: (_plan, args, context, remote) => receive(args, remote, context),
};
