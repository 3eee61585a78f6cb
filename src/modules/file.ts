import { contained } from '../sh/contained.ts';
import { quote } from '../sh/quote.ts';
import type { Change, HostModule, Plan, PlanEnv, Result } from './contract.ts';
import {
  type AttributeFacts,
  attributeChanges,
  attributeResult,
  attributeScript,
  attributesNow,
  attributesRead,
  parseAttributesRead,
  unknownNameFailure,
  wantedAttributes,
} from './file-attributes.ts';
import { parseTreeModes, planTreeModes, readTreeModes, type TreeMode, treeScript } from './file-recurse.ts';
import { touchScript } from './file-touch.ts';
import type { FileArgs } from './generated/file.ts';
import { parentOf, pathWord } from './host-path.ts';
import {
  type PathKind,
  type PathState,
  parseFollowedBlock,
  parseStatBlock,
  statFunctions,
  statKey,
} from './path-state.ts';
import { failedScript, ReplyLines } from './reply-lines.ts';

interface Looked {
  readonly own: PathState | undefined;
  /** What a link leads to. */
  readonly target: PathState | undefined;
  readonly facts: AttributeFacts;
  readonly parentExists: boolean;
  readonly empty: boolean;
  /** For links: whether what `src` names exists, seen from the link. For hard links: its inode. */
  readonly source: PathState | undefined;
  readonly tree: readonly TreeMode[];
  readonly linkTarget: string;
}

type State = NonNullable<FileArgs['state']>;

function wantedState(looked: Looked, args: FileArgs): State {
  if (args.state !== undefined) return args.state;
  if (args.recurse) return 'directory';
  const kind = looked.own?.kind;
  return kind === 'directory' || kind === 'link' ? kind : 'file';
}

/** What attributes are changed on: the link's target with `follow`, else the path itself. */
function subject(looked: Looked, args: FileArgs, state: State): PathState | undefined {
  const itself = looked.own?.kind !== 'link' || state === 'link' || !args.follow;
  return itself ? looked.own : looked.target;
}

/** Without slashes at its end, as a word of sh. */
function ownPath(args: FileArgs): string {
  return pathWord(args.path.replace(/(.)\/+$/, '$1'));
}

function script(args: FileArgs): string {
  const source =
    args.src === undefined
      ? 'stat_block ""'
      : `src=${pathWord(args.src)}; case $src in /*) ;; *) ${args.state === 'hard' ? '' : `src=${pathWord(parentOf(args.path))}/$src`} ;; esac; stat_block "$src" -L`;
  return contained(`${statFunctions}p=${ownPath(args)}
stat_block "$p" "" ${statKey(ownPath(args))}
followed_block "$p"
${args.follow ? '' : 'if [ -L "$p" ]; then stat_block "$p" >/dev/null; fi\n'}${attributesRead(args)}[ -d ${pathWord(parentOf(args.path))} ] && echo y || echo n
e=y
[ -d "$p" ] && for f in "$p"/* "$p"/.[!.]* "$p"/..?*; do { [ -e "$f" ] || [ -L "$f" ]; } && { e=n; break; }; done
echo $e
${source}
${args.recurse ? readTreeModes : 'echo'}
[ ! -L "$p" ] || readlink -- "$p"
`);
}

function parse(lines: ReplyLines, args: FileArgs): Looked {
  const own = parseStatBlock(lines);
  const target = parseFollowedBlock(lines, own);
  const facts = parseAttributesRead(lines, args);
  const parentExists = lines.next() === 'y';
  const empty = lines.next() === 'y';
  const source = parseStatBlock(lines);
  const tree = parseTreeModes(lines);
  return { own, target, facts, parentExists, empty, source, tree, linkTarget: lines.rest().slice(0, -1) };
}

function plan(looked: Looked, args: FileArgs, env: PlanEnv): Plan {
  const state = wantedState(looked, args);
  const fail = (failed: string): Plan => ({ changes: [], failed, result: { path: args.path } });
  const lenient = env.check && env.changesPredicted;
  if (state === 'absent') {
    const changes = looked.own === undefined ? [] : [{ what: 'state', before: looked.own.kind, after: 'absent' }];
    return { changes, result: { path: args.path, state: 'absent' } };
  }
  const wrong = wrongKind(looked, args, state, lenient) ?? unknownNameFailure(looked.facts, env);
  if (wrong !== undefined) return fail(wrong);
  const kind = kindOf(state);
  const present = subject(looked, args, state);
  const changes: Change[] = stateChanges(looked, args, state, present);
  const fresh = kind === 'link' ? looked.own?.kind !== 'link' : present === undefined;
  changes.push(...attributeChanges(fresh ? undefined : present, args, present?.kind ?? kind, looked.facts.umask));
  if (args.recurse) changes.push(...planTreeModes(looked.tree, args, looked.facts.umask));
  const name = state === 'link' || state === 'hard' ? { dest: args.path, src: args.src } : { path: args.path };
  return { changes, result: { ...attributeResult(present), ...name, state: resultState(state) } };
}

function kindOf(state: State): PathKind {
  return state === 'directory' || state === 'link' ? state : 'file';
}

function resultState(state: State): string {
  return state === 'touch' ? 'file' : state;
}

/** Why the path cannot become what is wanted. */
function wrongKind(looked: Looked, args: FileArgs, state: State, lenient: boolean): string | undefined {
  const { own, target } = looked;
  const seen = own?.kind === 'link' && args.follow ? target : own;
  if (state === 'file' && !lenient) {
    if (own === undefined) return `file (${args.path}) is absent, cannot continue`;
    if (seen !== undefined && seen.kind !== 'file') return `file (${args.path}) is ${seen.kind}, cannot continue`;
  }
  if (state === 'directory' && own !== undefined && target?.kind !== 'directory') {
    return `${args.path} already exists as a ${own.kind}`;
  }
  if (
    state === 'touch' &&
    own !== undefined &&
    target !== undefined &&
    target.kind !== 'file' &&
    target.kind !== 'directory'
  ) {
    return `Can only touch files, directories and hardlinks; ${args.path} is a ${target.kind}`;
  }
  if ((state === 'hard' || (state === 'link' && !args.force)) && looked.source === undefined && !lenient) {
    return `src file does not exist, use "force=yes" if you really want to create the link: ${args.src}`;
  }
  if ((state === 'link' || state === 'hard') && own !== undefined && own.kind !== 'link') {
    if (own.kind === 'directory' && !(looked.empty && args.force)) {
      return `the directory ${args.path} is not empty or force is not set, refusing to convert it`;
    }
    const same = state === 'hard' && own.inode === looked.source?.inode && own.device === looked.source.device;
    if (!same && !args.force)
      return `refusing to convert from ${own.kind} to ${state === 'link' ? 'symlink' : 'hardlink'} for ${args.path}`;
  }
  if (state !== 'file' && own === undefined && !looked.parentExists && state !== 'directory' && !lenient) {
    return `Error, could not make ${args.path}: its directory does not exist`;
  }
  return undefined;
}

function stateChanges(looked: Looked, args: FileArgs, state: State, present: PathState | undefined): Change[] {
  const { own } = looked;
  const change = (before: unknown, after: unknown, what = 'state'): Change[] => [{ what, before, after }];
  switch (state) {
    case 'directory':
    case 'file':
      return present === undefined ? change('absent', state) : [];
    case 'link':
      if (own?.kind !== 'link') return change(own?.kind ?? 'absent', `link to ${args.src}`);
      return args.src === undefined || looked.linkTarget === args.src ? [] : change(looked.linkTarget, args.src, 'src');
    case 'hard':
      if (own !== undefined && own.inode === looked.source?.inode && own.device === looked.source.device) return [];
      return change(own?.kind ?? 'absent', `hard link to ${args.src}`);
    case 'touch':
      if (own === undefined) return change('absent', 'touch');
      return args.access_time === 'preserve' && args.modification_time === 'preserve'
        ? []
        : change('as they are', 'now', 'times');
    default:
      return [];
  }
}

/** Each parent that is missing is made too, with the same attributes, as Ansible does. */
function directoryScript(args: FileArgs, bits: number | undefined): string {
  return `make_directory() {
  [ -d "$1" ] && return
  case $1 in */*) parent=\${1%/*}; [ -z "$parent" ] || make_directory "$parent" || return ;; esac
  mkdir -- "$1" 2>/dev/null || { [ -d "$1" ] && return; mkdir -- "$1"; return; }
  ( p=$1
  ${attributeScript(args, bits)} )
}
make_directory "$p" || exit
`;
}

function applyScript(looked: Looked, args: FileArgs, planned: Plan): string {
  const state = wantedState(looked, args);
  const present = subject(looked, args, state);
  const kind = present?.kind ?? kindOf(state);
  const wanted = wantedAttributes(present, args, kind, looked.facts.umask);
  const bits = args.mode === undefined || kind === 'link' ? undefined : wanted.bits;
  const path = `p=${pathWord(args.path.replace(/(.)\/+$/, '$1'))}\n`;
  if (state === 'absent') return `${path}rm -rf -- "$p"\n`;
  const relink = planned.changes.some((change) => change.what === 'state' || change.what === 'src');
  const clear = looked.own?.kind === 'directory' ? 'rmdir -- "$p" || exit\n' : '';
  const source = pathWord(args.src ?? '');
  const link = (option: string) =>
    relink ? `${clear}ln ${option}-- ${source} "$p.rcdeploy.$$" && mv -f -- "$p.rcdeploy.$$" "$p" || exit\n` : '';
  const make: Record<State, string> = {
    absent: '',
    file: '',
    directory: present === undefined ? directoryScript(args, bits) : '',
    // Renaming one link onto a link to a directory would move it into that directory, so that one is removed first.
    link:
      relink && looked.target?.kind === 'directory' && clear === ''
        ? `rm -f -- "$p"\nln -s -- ${source} "$p" || exit\n`
        : link('-s '),
    hard: relink ? `${clear}ln -f -- ${source} "$p" || exit\n` : '',
    touch: touchScript(args),
  };
  const ownLink = kind === 'link';
  return `${path}${make[state]}${attributeScript(args, bits, 'p', ownLink)}${args.recurse ? treeScript(args, looked.tree, looked.facts.umask) : ''}`;
}

export const file: HostModule<FileArgs, Looked> = {
  kind: 'host',
  name: 'file',
  fusable: true,
  read: (args) => ({ script: script(args), stats: [ownPath(args)] }),
  parse: ({ reply }, args) => parse(new ReplyLines(reply, `looking at ${args.path}`), args),
  plan,
  async apply(planned, args, context, looked): Promise<Result> {
    const state = wantedState(looked, args);
    const follows = args.follow && state !== 'link' ? 'followed_block' : 'stat_block';
    const stat = state === 'absent' ? '' : `${statFunctions}[ ! -L "$p" ] && stat_block "$p" || ${follows} "$p"\n`;
    const reply = await context.sh(applyScript(looked, args, planned) + stat);
    if (reply.rc !== 0) throw failedScript(reply, `making ${quote(args.path)} ${state}`);
    return { ...attributesNow(reply), state: resultState(state) };
  },
};
