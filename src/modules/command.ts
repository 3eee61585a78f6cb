import { TaskError } from '../errors/errors.ts';
import { quote, quoteAll } from '../sh/quote.ts';
import {
  type CommandState,
  commandPrelude,
  parseCommandRead,
  planCommand,
  readCommand,
  runCommand,
} from './command-result.ts';
import type { HostModule } from './contract.ts';
import type { CommandArgs } from './generated/command.ts';
import { splitWords } from './split-words.ts';

function wordsOf(args: CommandArgs): string[] {
  const words = args.argv ?? splitWords(args._raw ?? args.cmd ?? '');
  if (words.length === 0) throw new TaskError('no command given');
  return words;
}

/**
 * `$NAME` and `${NAME}` in a word become the host's environment variable, and stay as they are when it is unset, as in Python's
 * expandvars; nothing else of a shell happens to a word.
 */
function expandingWord(word: string): string {
  const parts = word.split(/(\$[A-Za-z_]\w*|\$\{[A-Za-z_]\w*\})/);
  if (parts.length === 1) return quote(word);
  return parts
    .map((part, index) => {
      if (index % 2 === 0) return part === '' ? '' : quote(part);
      const name = part.replace(/\W/g, '');
      return part.startsWith('${') ? `"\${${name}-\\\${${name}$rcdeploy_brace}"` : `"\${${name}-\\$${name}}"`;
    })
    .join('');
}

export const command: HostModule<CommandArgs, CommandState> = {
  kind: 'host',
  name: 'command',
  fusable: false,
  read: readCommand,
  parse: ({ reply }) => parseCommandRead(reply),
  plan: (state, args, env) => planCommand(state, args, wordsOf(args), env),
  apply: async (_plan, args, context) => {
    const words = wordsOf(args);
    const line = args.expand_argument_vars ? words.map(expandingWord).join(' ') : quoteAll(words);
    const brace = line.includes('$rcdeploy_brace') ? "rcdeploy_brace='}'\n" : '';
    try {
      return await runCommand(`${commandPrelude(args)}${brace}exec ${line}\n`, args, words, context);
    } catch (error) {
      throw notFound(error, words) ?? error;
    }
  },
};

/** The shell's own word that there is no such program becomes the failure that Python has for it (ENOENT is 2). */
function notFound(error: unknown, words: readonly string[]): TaskError | undefined {
  if (!(error instanceof TaskError) || error.details?.rc !== 127) return undefined;
  const { stdout, stderr } = error.details;
  if (stdout !== '' || typeof stderr !== 'string' || !/\bexec: .*not found$/.test(stderr)) return undefined;
  const [program] = words;
  const details = { rc: 2, cmd: words.join(' '), stdout: '', stderr: '', stdout_lines: [], stderr_lines: [] };
  return new TaskError(`No such file or directory: '${program}'`, {
    details: { ...details, changed: false },
    hint: 'shell, not command, knows builtins, pipes and variables',
  });
}
