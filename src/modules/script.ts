import { TaskError } from '../errors/errors.ts';
import { quote } from '../sh/quote.ts';
import {
  type CommandState,
  commandPrelude,
  parseCommandRead,
  planCommand,
  readCommand,
  resultOfReply,
} from './command-result.ts';
import type { HostModule } from './contract.ts';
import type { ScriptArgs as SchemaArgs } from './generated/script.ts';
import { type Content, contentOfSource } from './local-file.ts';
import { splitWords } from './split-words.ts';

type ScriptArgs = SchemaArgs & { readonly _content?: Content; readonly _rest?: string };

/** The script's name is the first word; what follows stays as it was written, for the host's shell. */
function splitName(text: string): { name: string; rest: string } {
  const [name = ''] = splitWords(text);
  if (name === '') throw new TaskError('no script given');
  for (let end = 1; end <= text.length; end += 1) {
    if (end < text.length && !/\s/.test(text.charAt(end))) continue;
    try {
      if (splitWords(text.slice(0, end))[0] === name) return { name, rest: text.slice(end).trim() };
    } catch {
      // A quote that is still open: the word goes on.
    }
  }
  return { name, rest: '' };
}

/** What runs the file: a noexec /tmp is no obstacle to an interpreter. */
function interpreterOf(bytes: Buffer, executable: string | undefined): string {
  if (executable !== undefined) return `${executable} `;
  if (bytes.includes(0)) return '';
  const [, line] = /^#!\s*(.*?)\s*(?:\n|$)/.exec(bytes.subarray(0, 1024).toString('latin1')) ?? [];
  if (line === undefined || line === '') return '/bin/sh ';
  const [, program = '', option = ''] = /^(\S+)\s*(.*)$/.exec(line) ?? [];
  return `${quote(program)} ${option === '' ? '' : `${quote(option)} `}`;
}

export const script: HostModule<ScriptArgs, CommandState> = {
  kind: 'host',
  name: 'script',
  fusable: false,
  async prepare(args, env) {
    if (args.chdir !== undefined && !args.chdir.startsWith('/')) {
      throw new TaskError(`chdir ${args.chdir} must be an absolute path for a Unix-aware remote node`);
    }
    const { name, rest } = splitName((args._raw ?? args.cmd ?? '').trim());
    const { content } = await contentOfSource(env.findFile(name, 'files'), args.decrypt);
    return { ...args, _content: content, _rest: rest };
  },
  read: readCommand,
  parse: ({ reply }) => parseCommandRead(reply),
  plan(state, args, env) {
    if (args.creates !== undefined && state.createsExists) {
      return { changes: [], skipped: `${args.creates} exists, matching creates option` };
    }
    if (args.removes !== undefined && !state.removesExists) {
      return { changes: [], skipped: `${args.removes} does not exist, matching removes option` };
    }
    const plan = planCommand(state, args, args._raw ?? args.cmd, env);
    if (plan.skipped !== undefined) {
      return { changes: [], skipped: 'Check mode is not supported for this task.', result: { changed: false } };
    }
    return plan.failed === undefined ? { changes: plan.changes } : plan;
  },
  async apply(_plan, args, context) {
    const bytes = (await args._content?.bytes()) ?? Buffer.alloc(0);
    const line = `${interpreterOf(bytes, args.executable)}"$f" ${args._rest ?? ''}`;
    const reply = await context.sh(
      `f_dir=$(umask 077 && mktemp -d "\${TMPDIR:-/tmp}/.rcdeploy-script.XXXXXX") || exit
trap 'rm -rf "$f_dir"' EXIT
trap 'exit 143' TERM HUP INT
f=$f_dir/script
(umask 077; cat >"$f") && [ "$(wc -c <"$f")" -eq ${bytes.length} ] && chmod 700 "$f" || { echo "the script could not be stored in $f_dir" >&2; exit 1; }
${commandPrelude(args)}${line}
`,
      { stdin: bytes },
    );
    return resultOfReply(reply);
  },
};
