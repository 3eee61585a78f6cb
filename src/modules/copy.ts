import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { TaskError } from '../errors/errors.ts';
import { contained } from '../sh/contained.ts';
import { jsonText } from '../template/json-text.ts';
import type { HostModule, Plan, PlanEnv, PrepareEnv, ReadAnswer, Result } from './contract.ts';
import { applyTree, parseTree, planTree, readTree, type TreeState } from './copy-tree.ts';
import {
  applyFileContent,
  type FileContentState,
  parseFileContent,
  planFileContent,
  readFileContent,
} from './file-content.ts';
import type { CopyArgs as SchemaArgs } from './generated/copy.ts';
import { pathWord } from './host-path.ts';
import { type Content, contentOfSource, contentOfText } from './local-file.ts';
import { type LocalTree, walkTree } from './local-tree.ts';
import { formatMode } from './mode.ts';
import { ReplyLines } from './reply-lines.ts';

type CopyArgs = SchemaArgs & {
  readonly _content?: Content;
  /** The new text, for the diff; undefined for what is too long to show. */
  readonly _text?: string;
  readonly _tree?: LocalTree;
};

interface RemoteSource {
  readonly sha256: string;
  readonly bits: number;
  readonly size: number;
}

type CopyState =
  | {
      readonly kind: 'file';
      readonly looked: FileContentState;
      readonly source?: RemoteSource | string;
    }
  | { readonly kind: 'tree'; readonly tree: TreeState };

async function prepare(args: CopyArgs, env: PrepareEnv): Promise<CopyArgs> {
  if (args.content !== undefined) {
    const text = typeof args.content === 'string' ? args.content : jsonText(args.content, { ascii: true });
    return { ...args, _content: contentOfText(text), _text: text };
  }
  if (args.remote_src) return args;
  const src = args.src ?? '';
  const file = env.findFile(src.replace(/(.)\/+$/, '$1'), 'files');
  const status = statSync(file);
  if (status.isDirectory()) return { ...args, _tree: await walkTree(file, src.endsWith('/'), args) };
  const { content, secret } = await contentOfSource(file, args.decrypt);
  if (args.checksum !== undefined && args.checksum !== content.sha1) {
    throw new TaskError(`${file} has checksum ${content.sha1}, not ${args.checksum}`);
  }
  const mode = args.mode === 'preserve' ? { mode: formatMode(status.mode & 0o7777) } : {};
  const text = content.size <= 65536 && !secret ? { _text: (await content.bytes()).toString('utf8') } : {};
  return { ...args, ...mode, ...text, _content: content };
}

/** The source on the host: its digest and mode, or why it cannot be used. */
function readSource(src: string): string {
  return `p=${pathWord(src)}
if [ -d "$p" ]; then echo directory
elif [ ! -f "$p" ]; then echo missing
else set -- $(sha256sum < "$p") && echo "$1 $(stat -L -c '%a %s' -- "$p")" || exit; fi
`;
}

function parseSource(line: string, src: string): RemoteSource | string {
  if (line === 'missing') return `Source ${src} not found`;
  if (line === 'directory')
    return `remote_src of a directory is not supported: ${src}; use command with cp -a and creates`;
  const [sha256 = '', mode = '', size = ''] = line.split(' ');
  return { sha256, bits: Number.parseInt(mode, 8), size: Number(size) };
}

const remoteSrc = (args: CopyArgs): string | undefined =>
  args.remote_src && args.src !== undefined ? args.src : undefined;

function withSourceMode(args: CopyArgs, bits: number): CopyArgs {
  return args.mode === 'preserve' ? { ...args, mode: formatMode(bits) } : args;
}

function planFile(state: CopyState & { kind: 'file' }, args: CopyArgs, env: PlanEnv): Plan {
  const { source, looked } = state;
  if (typeof source === 'string') {
    if (env.check && env.changesPredicted) return { changes: [{ what: looked.path, before: null, after: args.src }] };
    return { changes: [], failed: source };
  }
  if (args.content !== undefined && looked.destIsDirectory) {
    return { changes: [], failed: `can not use content with a dir as dest: ${args.dest}` };
  }
  const sized = source === undefined ? args : withSourceMode(args, source.bits);
  const plan = planFileContent(looked, sized, source?.sha256 ?? args._content?.sha256, args._text, env);
  const result: Result = { ...plan.result, ...(args.src === undefined ? {} : { src: args.src }) };
  return { ...plan, result: args._content === undefined ? result : { ...result, checksum: args._content.sha1 } };
}

export const copy: HostModule<CopyArgs, CopyState> = {
  kind: 'host',
  name: 'copy',
  fusable: true,
  prepare,
  read(args) {
    if (args._tree !== undefined) return { script: readTree(args, args._tree) };
    const src = remoteSrc(args);
    const name = args.src === undefined ? undefined : basename(args.src);
    const script = readFileContent(args, name, args._content);
    return { script: src === undefined ? contained(script) : readSource(src) + script, stats: [pathWord(args.dest)] };
  },
  parse({ reply }: ReadAnswer, args): CopyState {
    const lines = new ReplyLines(reply, `looking at ${args.dest}`);
    if (args._tree !== undefined) return { kind: 'tree', tree: parseTree(lines, args, args._tree) };
    const src = remoteSrc(args);
    const source = src === undefined ? undefined : parseSource(lines.next(), src);
    const looked = parseFileContent(lines, args);
    return source === undefined ? { kind: 'file', looked } : { kind: 'file', looked, source };
  },
  plan(state, args, env) {
    if (state.kind === 'tree') return planTree(state.tree, args, env);
    return planFile(state, args, env);
  },
  async apply(plan, args, context, state) {
    if (state.kind === 'tree') return await applyTree(plan, state.tree, args, context);
    const { source, looked } = state;
    if (typeof source === 'object') {
      const content = { size: source.size, word: pathWord(args.src ?? '') };
      return await applyFileContent(plan, looked, withSourceMode(args, source.bits), content, context);
    }
    return await applyFileContent(plan, looked, args, args._content ?? contentOfText(''), context);
  },
};
