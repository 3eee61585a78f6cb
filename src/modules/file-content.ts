import { TaskError } from '../errors/errors.ts';
import { DIGEST_LATER_FUNCTION, TEXTS_FUNCTION } from '../sh/builtin-reads.ts';
import { quote } from '../sh/quote.ts';
import type { ApplyContext, Change, Plan, PlanEnv, Result } from './contract.ts';
import {
  type AttributeArgs,
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
import { pathWord } from './host-path.ts';
import { installScript, splitBackup } from './install-file.ts';
import { type Content, SHORT_BYTES } from './local-file.ts';
import { formatMode } from './mode.ts';
import { type PathState, parseStatBlock, statFunctions, statKey } from './path-state.ts';
import { failedScript, type ReplyLines } from './reply-lines.ts';

/** One file of known content at a path of the host: what copy, template and get_url have in common. */
export interface FileContentArgs extends AttributeArgs {
  readonly dest: string;
  readonly backup?: boolean;
  readonly force?: boolean;
  readonly follow?: boolean;
  readonly validate?: string;
}

export interface FileContentState {
  /** The path itself, after `dest` being a directory and `follow` were taken into account. */
  readonly path: string;
  readonly destIsDirectory: boolean;
  readonly parentExists: boolean;
  readonly state: PathState | undefined;
  readonly facts: AttributeFacts;
  readonly sha256: string | undefined;
  /** What stands there, if it is no longer than 64 KiB; undefined, too, when it is known not to differ. */
  readonly text: string | undefined;
}

/**
 * A function that prints digest, path and text of the file `d` of `size` bytes, and is true, where that spares a process: in a
 * message in which files are printed together, and if the file may be a short text too.
 */
const shortTextFunction = `${DIGEST_LATER_FUNCTION}
${TEXTS_FUNCTION}
short_text() {
  [ -n "$size" ] && [ "$size" -le ${SHORT_BYTES} ] && [ -r "$d" ] && digest_later "$d" || return 1
  printf '\\n%s\\0text\\n' "$d"; texts "$d"
}
`;

/** `name` is what the file is called when `dest` is a directory; `content` undefined: the digest is only reported. */
export function readFileContent(
  args: FileContentArgs,
  name: string | undefined,
  content: Pick<Content, 'sha256' | 'isShortText'> | undefined,
): string {
  const into = name === undefined ? '' : ` d="\${d%/}"/${quote(name)}`;
  const slash = args.dest.endsWith('/');
  const digest = `if [ "$size" ]; then h=$(sha256sum < "$d") || exit; h=\${h%% *}; fi
printf '%s\\n%s\\0' "$h" "$d"`;
  const text =
    content && `[ -z "$h" ] || [ "$h" = ${content.sha256} ] || [ "$size" -gt 65536 ] || { echo text; cat < "$d"; }`;
  return `${statFunctions}${content?.isShortText ? shortTextFunction : ''}d=${pathWord(args.dest)} k=file
${slash ? `k=directory${into}` : `if [ -d "$d" ]; then k=directory${into}; fi`}
${args.follow ? '[ ! -L "$d" ] || d=$(readlink -f -- "$d") || exit\n' : ''}case $d in */*) parent=\${d%/*}/ ;; *) parent=. ;; esac
[ -d "$parent" ] && e=y || e=n
printf '%s %s\\n' $k $e
stat_block "$d" "" ${statKey(pathWord(args.dest))}
${attributesRead(args)}h= size=
if [ -f "$d" ] && [ ! -L "$d" ]; then size=\${s#* * * } size=\${size%% *}; fi
${content?.isShortText ? `short_text || {\n${digest}\n${text}\n}` : `${digest}\n${text ?? ''}`}
:
`;
}

export function parseFileContent(lines: ReplyLines, args: FileContentArgs): FileContentState {
  const [kind, parent] = lines.next().split(' ');
  const state = parseStatBlock(lines);
  const facts = parseAttributesRead(lines, args);
  const sha256 = lines.next();
  const path = lines.field();
  const tail = lines.rest();
  return {
    path,
    destIsDirectory: kind === 'directory',
    parentExists: parent === 'y',
    state,
    facts,
    sha256: sha256 === '' ? undefined : sha256,
    text: tail.startsWith('text\n') ? tail.slice(5) : undefined,
  };
}

/** Changes that make the path have this content and these attributes. `after` is the new text for the diff, when it is text. */
export function planFileContent(
  looked: FileContentState,
  args: FileContentArgs,
  sha256: string | undefined,
  after: string | undefined,
  env: PlanEnv,
): Plan {
  const { path, state, facts } = looked;
  const failed = failureOf(looked, args, env);
  if (failed !== undefined) return { changes: [], failed, result: { dest: path } };
  if (args.force === false && state !== undefined) {
    return { changes: [], result: { ...attributeResult(state), dest: path } };
  }
  const changes: Change[] = [];
  if (sha256 === undefined || looked.sha256 !== sha256) changes.push(contentChange(looked, sha256, after));
  changes.push(...attributeChanges(state?.kind === 'link' ? undefined : state, args, 'file', facts.umask));
  const wanted = wantedAttributes(state?.kind === 'file' ? state : undefined, args, 'file', facts.umask);
  const result: Result = { ...attributeResult(state), dest: path, mode: formatMode(wanted.bits), state: 'file' };
  return { changes, result };
}

function failureOf(looked: FileContentState, args: FileContentArgs, env: PlanEnv): string | undefined {
  const { path, state, facts } = looked;
  if (!looked.parentExists && !looked.destIsDirectory && !(env.check && env.changesPredicted)) {
    return `Destination directory ${path.slice(0, path.lastIndexOf('/'))} does not exist`;
  }
  if (state !== undefined && state.kind !== 'file' && state.kind !== 'link') {
    return `${path} is a ${state.kind}, not a file that could be replaced`;
  }
  if (args.validate !== undefined && !args.validate.includes('%s')) return 'validate must contain %s';
  return unknownNameFailure(facts, env);
}

function contentChange(looked: FileContentState, sha256: string | undefined, after: string | undefined): Change {
  const shown = looked.state === undefined ? '' : looked.text;
  if (after !== undefined && shown !== undefined && isText(after) && isText(shown)) {
    return { what: looked.path, before: shown, after, text: true };
  }
  const digest = (value: string | undefined) => (value === undefined ? null : `sha256:${value}`);
  return { what: looked.path, before: digest(looked.sha256), after: digest(sha256) };
}

function isText(text: string): boolean {
  return !/[\0\uFFFD]/.test(text);
}

/** Writes the content when it differs, else only the attributes. Returns `backup_file` when one was made. */
export async function applyFileContent(
  plan: Plan,
  looked: FileContentState,
  args: FileContentArgs,
  content: Content | { readonly size: number; readonly word: string },
  context: ApplyContext,
): Promise<Result> {
  const wanted = wantedAttributes(
    looked.state?.kind === 'file' ? looked.state : undefined,
    args,
    'file',
    looked.facts.umask,
  );
  const dest = quote(looked.path);
  const stat = `${statFunctions}stat_block ${dest}\n`;
  if (!plan.changes.some((change) => change.what === looked.path)) {
    const bits = args.mode === undefined ? undefined : wanted.bits;
    const reply = await context.sh(`p=${dest}
${attributeScript(args, bits)}${stat}`);
    if (reply.rc !== 0) throw failedScript(reply, `setting the attributes of ${looked.path}`);
    return attributesNow(reply);
  }
  const parents = looked.destIsDirectory ? `mkdir -p -- ${pathWord(args.dest)} || exit\n` : '';
  const script = installScript({
    path: looked.path,
    bytes: content.size,
    from: 'word' in content ? content.word : undefined,
    ...wanted,
    validate: args.validate,
    backup: args.backup,
  });
  const stdin = 'word' in content ? undefined : await content.bytes();
  const reply = await context.sh(parents + script + stat, { stdin });
  if (reply.rc !== 0 && reply.stderr.includes('the validation refused')) {
    throw new TaskError(`failed to validate: ${reply.stderr.trim()}`, {
      hint: `${looked.path} was left as it was`,
      details: { rc: reply.rc, stderr: reply.stderr },
    });
  }
  if (reply.rc !== 0) throw failedScript(reply, `writing ${looked.path}`);
  const { backup, rest } = splitBackup(reply.stdout);
  const made = attributesNow({ ...reply, stdout: rest });
  return backup === undefined ? made : { ...made, backup_file: backup };
}
