import { TaskError } from '../errors/errors.ts';
import { quoteAll } from '../sh/quote.ts';
import {
  type CommandState,
  commandPrelude,
  parseCommandRead,
  planCommand,
  readCommand,
  runCommand,
} from './command-result.ts';
import type { HostModule } from './contract.ts';
import type { ShellArgs } from './generated/shell.ts';

function textOf(args: ShellArgs): string {
  const text = args._raw ?? args.cmd ?? '';
  if (text.trim() === '') throw new TaskError('no command given');
  return text;
}

export const shell: HostModule<ShellArgs, CommandState> = {
  kind: 'host',
  name: 'shell',
  fusable: false,
  read: readCommand,
  parse: ({ reply }) => parseCommandRead(reply),
  plan: (state, args, env) => planCommand(state, args, textOf(args), env),
  apply: async (_plan, args, context) => {
    const text = textOf(args);
    // Without an interpreter of its own the text is the script: it never stands in the host's process list.
    const line = args.executable === undefined ? text : `exec ${quoteAll([args.executable, '-c', text])}`;
    return await runCommand(`${commandPrelude(args)}${line}\n`, args, text, context);
  },
};
