import { quote, quoteAll } from '../sh/quote.ts';
import type { ApplyContext, Change, Plan, PlanEnv, Result } from './contract.ts';
import {
  type AttributeArgs,
  type AttributeFacts,
  attributeChanges,
  attributeScript,
  attributesRead,
  parseAttributesRead,
  unknownNameFailure,
  wantedAttributes,
} from './file-attributes.ts';
import { pathWord } from './host-path.ts';
import { installScript, splitBackup } from './install-file.ts';
import type { LocalTree, TreeEntry } from './local-tree.ts';
import { formatMode } from './mode.ts';
import { type PathState, parseStatBlock, statFunctions } from './path-state.ts';
import { failedScript, type ReplyLines } from './reply-lines.ts';

/** The arguments of copy that matter to a directory. */
interface TreeArgs extends AttributeArgs {
  readonly dest: string;
  readonly directory_mode?: string;
  readonly force?: boolean;
  readonly backup?: boolean;
  readonly validate?: string;
}

interface Looked {
  readonly entry: TreeEntry;
  readonly state: PathState | undefined;
  /** sha256 of a file, target of a link. */
  readonly value: string;
}

export interface TreeState {
  readonly facts: AttributeFacts;
  /** `dest` with the home directory filled in. */
  readonly base: string;
  readonly dest: PathState | undefined;
  readonly looked: readonly Looked[];
}

/** One stat per path of the tree that exists, and one sha256sum for all its files. */
export function readTree(args: TreeArgs, tree: LocalTree): string {
  const paths = tree.entries.map((entry) => entry.path);
  return `${statFunctions}d=${pathWord(args.dest)}
printf '%s\\0' "$d"
stat_block "$d" -L
U= G=
${attributesRead(args)}
cd -- "$d" 2>/dev/null || exit 0
for p in ${quoteAll(paths.map((path) => `./${path}`))}; do
  stat_block "$p"
  if [ -L "$p" ]; then readlink -- "$p"; elif [ -f "$p" ]; then sha256sum < "$p" || exit; else echo; fi
done
`;
}

export function parseTree(lines: ReplyLines, args: TreeArgs, tree: LocalTree): TreeState {
  const base = lines.field().replace(/(.)\/+$/, '$1');
  const dest = parseStatBlock(lines);
  const facts = parseAttributesRead(lines, args);
  const looked = tree.entries.map((entry) => {
    if (lines.rest() === '') return { entry, state: undefined, value: '' };
    const state = parseStatBlock(lines);
    const line = lines.next();
    return { entry, state, value: state?.kind === 'file' ? line.slice(0, 64) : line };
  });
  return { base, facts, dest, looked };
}

/** `mode: preserve` keeps each local file's own mode; directories have `directory_mode`, else `mode` does not touch them. */
function attributesOf(entry: TreeEntry, args: TreeArgs): AttributeArgs {
  const { owner, group } = args;
  const names = { ...(owner === undefined ? {} : { owner }), ...(group === undefined ? {} : { group }) };
  if (entry.kind === 'link') return names;
  const mode = entry.kind === 'directory' ? args.directory_mode : args.mode;
  if (mode === undefined) return names;
  return { ...names, mode: mode === 'preserve' ? formatMode(entry.mode) : mode };
}

function changesOf({ entry, state, value }: Looked, args: TreeArgs, facts: AttributeFacts): Change[] {
  const what = `${args.dest.replace(/\/+$/, '')}/${entry.path}`;
  if (args.force === false && state !== undefined && entry.kind !== 'directory') return [];
  const present = state?.kind === entry.kind;
  const changes: Change[] = [];
  if (entry.kind === 'directory' && !present) changes.push({ what, before: state?.kind ?? null, after: 'directory' });
  if (entry.kind === 'link' && (!present || value !== entry.target)) {
    changes.push({ what, before: value || null, after: entry.target });
  }
  if (entry.kind === 'file' && value !== entry.content.sha256) {
    changes.push({ what, before: value === '' ? null : `sha256:${value}`, after: `sha256:${entry.content.sha256}` });
  }
  const attributes = attributeChanges(present ? state : undefined, attributesOf(entry, args), entry.kind, facts.umask);
  return [...changes, ...attributes.map((change) => ({ ...change, what: `${what} ${change.what}` }))];
}

export function planTree(tree: TreeState, args: TreeArgs, env: PlanEnv): Plan {
  const failed = unknownNameFailure(tree.facts, env);
  if (failed !== undefined) return { changes: [], failed };
  if (tree.dest !== undefined && tree.dest.kind !== 'directory') {
    return { changes: [], failed: `${args.dest} is a ${tree.dest.kind}, not a directory to copy into` };
  }
  const clash = tree.looked.find(
    ({ entry, state }) =>
      state !== undefined && state.kind !== entry.kind && (state.kind === 'directory' || entry.kind === 'directory'),
  );
  if (clash !== undefined) {
    return {
      changes: [],
      failed: `${args.dest}/${clash.entry.path} is a ${clash.state?.kind}, and a ${clash.entry.kind} would be copied there`,
    };
  }
  const made: Change[] = tree.dest === undefined ? [{ what: args.dest, before: null, after: 'directory' }] : [];
  const changes = [...made, ...tree.looked.flatMap((looked) => changesOf(looked, args, tree.facts))];
  return { changes, result: { dest: `${args.dest.replace(/\/+$/, '')}/` } };
}

export async function applyTree(_plan: Plan, tree: TreeState, args: TreeArgs, context: ApplyContext): Promise<Result> {
  const backups: string[] = [];
  const run = async (script: string, what: string, stdin?: Buffer) => {
    const reply = await context.sh(script, { stdin });
    if (reply.rc !== 0) throw failedScript(reply, what);
    const { backup } = splitBackup(reply.stdout);
    if (backup !== undefined) backups.push(backup);
  };
  if (tree.dest === undefined) await run(madeScript(args, tree.facts), `making ${args.dest}`);
  let done = 0;
  for (const looked of tree.looked) {
    done += 1;
    if (changesOf(looked, args, tree.facts).length === 0) continue;
    const { entry } = looked;
    const path = `${tree.base}/${entry.path}`;
    context.progress(`copying ${entry.path} (${done} of ${tree.looked.length})`);
    const stdin = entry.kind === 'file' ? await entry.content.bytes() : undefined;
    await run(entryScript(looked, path, args, tree.facts), `copying ${entry.path}`, stdin);
  }
  return backups.length === 0 ? {} : { backup_file: backups.join('\n') };
}

/** A directory that was not there gets what the directories in it get; one that was is left as it is. */
function madeScript(args: TreeArgs, facts: AttributeFacts): string {
  const { mode: _ofFiles, directory_mode: mode, ...others } = args;
  const attributes: AttributeArgs = mode === undefined ? others : { ...others, mode };
  const { bits } = wantedAttributes(undefined, attributes, 'directory', facts.umask);
  const path = pathWord(args.dest);
  const script = attributeScript(attributes, mode === undefined ? undefined : bits, 'p', false);
  return `p=${path}\nmkdir -p -- "$p" || exit\n${script}`;
}

function entryScript({ entry, state, value }: Looked, path: string, args: TreeArgs, facts: AttributeFacts): string {
  const attributes = attributesOf(entry, args);
  const wanted = wantedAttributes(state, attributes, entry.kind, facts.umask);
  if (entry.kind === 'file' && value !== entry.content.sha256) {
    return installScript({
      path,
      bytes: entry.content.size,
      ...wanted,
      backup: args.backup,
      validate: args.validate,
    });
  }
  const made =
    entry.kind === 'directory' && state === undefined
      ? 'mkdir -- "$p" || exit\n'
      : entry.kind === 'link' && value !== entry.target
        ? `ln -s -- ${quote(entry.target)} "$p.rcdeploy.$$" && mv -f -- "$p.rcdeploy.$$" "$p" || exit\n`
        : '';
  const bits = attributes.mode === undefined ? undefined : wanted.bits;
  return `p=${quote(path)}\n${made}${attributeScript(attributes, bits, 'p', entry.kind === 'link')}`;
}
