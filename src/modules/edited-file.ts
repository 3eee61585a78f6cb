import { quote } from '../sh/quote.ts';
import { bounded } from '../template/budget.ts';
import type { HostModule, Plan, PlanEnv, Result } from './contract.ts';
import { type AttributeArgs, attributeResult } from './file-attributes.ts';
import {
  applyFileContent,
  type FileContentArgs,
  type FileContentState,
  parseFileContent,
  planFileContent,
  readFileContent,
} from './file-content.ts';
import { parentOf, pathWord } from './host-path.ts';
import { HostText } from './host-text.ts';
import { contentOfBytes } from './local-file.ts';
import { failedScript, ReplyLines } from './reply-lines.ts';

/** What lineinfile, blockinfile, replace and ini_file share: a file of the host whose text is changed in part. */
export interface EditArgs extends AttributeArgs {
  readonly path: string;
  readonly create?: boolean;
  readonly backup?: boolean;
  readonly validate?: string;
}

export interface EditedFile {
  readonly looked: FileContentState;
  /** Empty for a file that is missing. */
  readonly content: HostText;
  readonly tooLarge: boolean;
}

/** What an edit makes of a text. */
export interface Edit {
  readonly text: string;
  /** Ansible's word for what was done; empty when nothing was. */
  readonly msg: string;
  /** Even a file that is missing stays as it is. */
  readonly leaves?: boolean;
  readonly result?: Result;
}

interface Editing<A extends EditArgs> {
  readonly name: string;
  /** Pure. Throws TaskError or TemplateError for what the arguments cannot mean. */
  edit(content: HostText, args: A, exists: boolean): Edit;
  /** A missing file is no failure, whatever `create` says. */
  toleratesMissing?(args: A): boolean;
  /** The result's name for a file that was kept; lineinfile has one of its own. */
  readonly backupKey?: 'backup';
  /** The result tells owner, mode and size, as Ansible's does for some of these modules. */
  readonly describes?: true;
}

const mostBytes = 4 * 1024 * 1024;

const asContent = (args: EditArgs): FileContentArgs => ({ ...args, dest: args.path, follow: true });

function read(args: EditArgs): string {
  return `${readFileContent(asContent(args), undefined, undefined)}if [ -n "$h" ]; then
  if [ "$(wc -c < "$d")" -gt ${mostBytes} ]; then echo large; else echo; base64 < "$d" || exit; fi
fi
`;
}

function parse(lines: ReplyLines, args: EditArgs): EditedFile {
  const looked = parseFileContent(lines, asContent(args));
  const tooLarge = lines.next() === 'large';
  return { looked, content: new HostText(Buffer.from(lines.rest(), 'base64')), tooLarge };
}

/** A failure with Ansible's status for it. */
function refusal<A extends EditArgs>(editing: Editing<A>, { looked, tooLarge }: EditedFile, args: A): Plan | undefined {
  if (looked.state?.kind === 'directory') return failure(256, `Path ${args.path} is a directory !`);
  if (tooLarge) return failure(1, `${looked.path} is larger than ${mostBytes / 1024 / 1024} MiB and is not edited`);
  if (looked.state === undefined && !args.create && !editing.toleratesMissing?.(args))
    return failure(257, `Path ${args.path} does not exist !`);
  return undefined;
}

function failure(rc: number, failed: string): Plan {
  return { changes: [], failed, result: { rc } };
}

/** What the file shall hold; undefined when it is to stay away. */
function edited<A extends EditArgs>(editing: Editing<A>, file: EditedFile, args: A) {
  const exists = file.looked.state !== undefined;
  const edit = bounded(() => editing.edit(file.content, args, exists)) as Edit;
  const bytes = file.content.bytesOf(edit.text);
  return {
    edit,
    content: contentOfBytes(bytes),
    shown: bytes.toString('utf8'),
    stays: !exists && edit.leaves === true,
  };
}

function planEdit<A extends EditArgs>(editing: Editing<A>, file: EditedFile, args: A, env: PlanEnv): Plan {
  const { looked } = file;
  const refused = refusal(editing, file, args);
  if (refused !== undefined) {
    const mayCome = env.check && env.changesPredicted && looked.state === undefined;
    return mayCome ? { changes: [{ what: looked.path, before: null, after: `edited by ${editing.name}` }] } : refused;
  }
  const { edit, content, shown, stays } = edited(editing, file, args);
  if (stays) return { changes: [], result: { msg: edit.msg, ...edit.result } };
  const before = file.content.bytesOf(file.content.text).toString('utf8');
  const known: FileContentState = {
    ...looked,
    text: before,
    parentExists: looked.parentExists || args.create === true,
  };
  const plan = planFileContent(known, asContent(args), content.sha256, shown, env);
  const described = editing.describes ? { ...attributeResult(looked.state), path: args.path } : {};
  const msg = editing.describes ? edit.msg : messageOf(edit.msg, plan, looked.path);
  return { ...plan, result: { ...described, ...edit.result, msg } };
}

/** Ansible tells of attributes in the same breath. */
function messageOf(msg: string, plan: Plan, path: string): string {
  if (plan.changes.every(({ what }) => what === path)) return msg;
  return `${msg === '' ? '' : `${msg} and `}ownership, perms or SE linux context changed`;
}

/** A module that edits a file: reading, attributes, backup, validation and writing are the same for all of them. */
export function editingModule<A extends EditArgs & Readonly<Record<string, unknown>>>(
  editing: Editing<A>,
): HostModule<A, EditedFile> {
  return {
    kind: 'host',
    name: editing.name,
    fusable: true,
    read: (args) => ({ script: read(args), stats: [pathWord(args.path)] }),
    parse: ({ reply }, args) => parse(new ReplyLines(reply, `looking at ${args.path}`), args),
    plan: (file, args, env) => planEdit(editing, file, args, env),
    async apply(plan, args, context, file) {
      const { looked } = file;
      if (!looked.parentExists) {
        const reply = await context.sh(`mkdir -p -- ${quote(parentOf(looked.path))}\n`);
        if (reply.rc !== 0) throw failedScript(reply, `making the directory of ${looked.path}`);
      }
      const { content } = edited(editing, file, args);
      const { backup_file: kept, ...made } = await applyFileContent(plan, looked, asContent(args), content, context);
      const backup = kept === undefined ? {} : { [editing.backupKey ?? 'backup_file']: kept };
      return editing.describes ? { ...made, ...backup } : backup;
    },
  };
}
