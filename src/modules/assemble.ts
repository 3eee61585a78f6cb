import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { TaskError } from '../errors/errors.ts';
import { firstMatch, pattern } from '../template/regex-run.ts';
import type { HostModule, Plan, PlanEnv } from './contract.ts';
import {
  applyFileContent,
  type FileContentState,
  parseFileContent,
  planFileContent,
  readFileContent,
} from './file-content.ts';
import type { AssembleArgs as SchemaArgs } from './generated/assemble.ts';
import { pathWord } from './host-path.ts';
import { type Content, contentOfBytes, contentOfSource } from './local-file.ts';
import { ReplyLines } from './reply-lines.ts';

interface Fragment {
  readonly name: string;
  readonly bytes: Buffer;
}

type AssembleArgs = SchemaArgs & { readonly _fragments?: readonly Fragment[]; readonly _secret?: boolean };

interface Looked {
  readonly target: FileContentState;
  readonly source: 'directory' | 'missing' | 'file';
  readonly fragments: readonly Fragment[];
  readonly tooLarge: boolean;
}

const mostBytes = 4 * 1024 * 1024;

/** Every file's name, and its content as base64. */
function readFragments(src: string): string {
  return `s=${pathWord(src)}
if [ -d "$s" ]; then echo directory
  cd "$s" || exit
  for f in * .*; do
    [ -f "$f" ] || continue
    if [ "$(wc -c < "$f")" -gt ${mostBytes} ]; then printf '%s\\0large\\0' "$f"; continue; fi
    printf '%s\\0' "$f"; base64 < "$f" || exit; printf '\\0'
  done
elif [ -e "$s" ]; then echo file
else echo missing
fi
`;
}

function parse(lines: ReplyLines, args: AssembleArgs): Looked {
  const target = parseFileContent(lines, args);
  if (args._fragments !== undefined)
    return { target, source: 'directory', fragments: args._fragments, tooLarge: false };
  const source = lines.next() as Looked['source'];
  const parts = lines.rest().split('\0');
  const fragments: Fragment[] = [];
  for (let index = 0; index + 1 < parts.length; index += 2) {
    fragments.push({ name: parts[index] ?? '', bytes: Buffer.from(parts[index + 1] ?? '', 'base64') });
  }
  return { target, source, fragments, tooLarge: parts.some((part, index) => index % 2 === 1 && part === 'large') };
}

/** In the order of their names, byte by byte; each begins on a line of its own, as does a delimiter. */
export function joined(fragments: readonly Fragment[], args: AssembleArgs): Buffer {
  const wanted = args.regexp === undefined ? undefined : pattern(args.regexp);
  const names = fragments
    .filter(({ name }) => !(args.ignore_hidden && name.startsWith('.')))
    .filter(({ name }) => wanted === undefined || firstMatch(wanted, name) !== undefined)
    .sort((one, other) => Buffer.compare(Buffer.from(one.name), Buffer.from(other.name)));
  const delimiter = args.delimiter?.replaceAll('\\n', '\n').replaceAll('\\t', '\t');
  const out: Buffer[] = [];
  let ended = true;
  for (const [index, { bytes }] of names.entries()) {
    if (!ended) out.push(Buffer.from('\n'));
    if (index > 0 && delimiter) out.push(Buffer.from(delimiter.endsWith('\n') ? delimiter : `${delimiter}\n`));
    out.push(bytes);
    ended = bytes.at(-1) === 0x0a;
  }
  return Buffer.concat(out);
}

function contentFor(state: Looked, args: AssembleArgs): Content {
  return contentOfBytes(joined(state.fragments, args));
}

function plan(state: Looked, args: AssembleArgs, env: PlanEnv): Plan {
  if (state.source !== 'directory' && !(env.check && env.changesPredicted)) {
    const why = state.source === 'missing' ? 'does not exist' : 'is not a directory';
    return { changes: [], failed: `Source (${args.src}) ${why}` };
  }
  if (state.tooLarge) return { changes: [], failed: `a file in ${args.src} is larger than 4 MiB` };
  const bytes = joined(state.fragments, args);
  const content = contentOfBytes(bytes);
  const shown = bytes.length <= 65536 && !args._secret ? bytes.toString('utf8') : undefined;
  const planned = planFileContent(state.target, args, content.sha256, shown, env);
  return {
    ...planned,
    result: { ...planned.result, src: args.src, checksum: content.sha1, msg: 'OK' },
  };
}

export const assemble: HostModule<AssembleArgs, Looked> = {
  kind: 'host',
  name: 'assemble',
  fusable: true,
  async prepare(args, env) {
    if (args.remote_src) return args;
    const directory = env.findFile(args.src, 'files');
    if (!statSync(directory).isDirectory()) throw new TaskError(`Source (${args.src}) is not a directory`);
    const names = readdirSync(directory).filter((name) => statSync(join(directory, name)).isFile());
    const read = names.map(async (name) => ({ name, ...(await contentOfSource(join(directory, name), args.decrypt)) }));
    const sources = await Promise.all(read);
    const _fragments = await Promise.all(
      sources.map(async ({ name, content }) => ({ name, bytes: await content.bytes() })),
    );
    return { ...args, _fragments, _secret: sources.some(({ secret }) => secret) };
  },
  read(args) {
    const target = readFileContent(args, undefined, undefined);
    const script = args._fragments === undefined ? target + readFragments(args.src) : target;
    return { script, stats: [pathWord(args.dest)] };
  },
  parse: ({ reply }, args) => parse(new ReplyLines(reply, `looking at ${args.dest}`), args),
  plan,
  apply: (planned, args, context, state) =>
    applyFileContent(planned, state.target, args, contentFor(state, args), context),
};
