import { TaskError } from '../errors/errors.ts';
import type { Reply } from '../transport/contract.ts';
import { startJob } from './async-job.ts';
import type { ApplyContext, Plan, PlanEnv, ReadRequest, Result } from './contract.ts';
import { pathWord } from './host-path.ts';

/** What command and shell share: when not to run at all, and the shape of what came of it. */
export interface CommandArgs {
  readonly chdir?: string;
  readonly creates?: string;
  readonly removes?: string;
  readonly stdin?: string;
  readonly stdin_add_newline?: boolean;
  readonly strip_empty_ends?: boolean;
}

export interface CommandState {
  readonly createsExists: boolean;
  readonly removesExists: boolean;
  readonly chdirExists: boolean;
}

/** `creates` and `removes` may be globs; the quoted text keeps everything but `*`, `?` and `[…]` literal. */
function exists(path: string | undefined, chdir: string | undefined): string {
  if (path === undefined) return 'echo n\n';
  const glob = pathWord(path).replace(/[*?[\]]+/g, "'$&'");
  const inside = chdir === undefined ? '' : `cd ${pathWord(chdir)} 2>/dev/null; `;
  return `(${inside}for f in ${glob}; do [ -e "$f" ] || [ -L "$f" ] && { echo y; exit; }; done; echo n)\n`;
}

export function readCommand(args: CommandArgs): ReadRequest {
  const directory = args.chdir === undefined ? 'echo y\n' : `[ -d ${pathWord(args.chdir)} ] && echo y || echo n\n`;
  return { script: exists(args.creates, args.chdir) + exists(args.removes, args.chdir) + directory };
}

export function parseCommandRead(reply: Reply): CommandState {
  const [creates, removes, chdir] = reply.stdout.split('\n');
  return { createsExists: creates === 'y', removesExists: removes === 'y', chdirExists: chdir !== 'n' };
}

export function planCommand(state: CommandState, args: CommandArgs, cmd: unknown, env: PlanEnv): Plan {
  if (!state.chdirExists && !(env.check && env.changesPredicted)) {
    return {
      changes: [],
      failed: `Unable to change directory before execution: ${args.chdir} does not exist`,
      result: { cmd },
    };
  }
  const unneeded =
    args.creates !== undefined && state.createsExists
      ? `skipped, since ${args.creates} exists`
      : args.removes !== undefined && !state.removesExists
        ? `skipped, since ${args.removes} does not exist`
        : undefined;
  if (unneeded !== undefined) {
    const verb = env.check ? 'Would not run' : 'Did not run';
    return {
      changes: [],
      result: {
        cmd,
        rc: 0,
        stdout: unneeded,
        stderr: '',
        stdout_lines: [unneeded],
        stderr_lines: [],
        msg: `${verb} command since '${args.creates !== undefined && state.createsExists ? args.creates : args.removes}' ${unneeded.endsWith('not exist') ? 'does not exist' : 'exists'}`,
      },
    };
  }
  const result = { cmd, rc: 0, stdout: '', stderr: '', stdout_lines: [], stderr_lines: [] };
  const msg = 'Command would have run if not in check mode';
  if (env.check && args.creates === undefined && args.removes === undefined) {
    return { changes: [], skipped: msg, result: { ...result, msg } };
  }
  return {
    changes: [{ what: 'command', before: null, after: cmd }],
    ...(env.check ? { result: { ...result, msg } } : {}),
  };
}

/** The lines before the command: its directory, and no stdin but the one that was given. */
export function commandPrelude(args: CommandArgs): string {
  const directory = args.chdir === undefined ? '' : `cd -- ${pathWord(args.chdir)} || exit\n`;
  return `${directory}${args.stdin === undefined ? 'exec </dev/null\n' : ''}`;
}

/** Runs it and gives Ansible's keys. Throws TaskError with all of them when the exit status is not 0. */
export async function runCommand(
  script: string,
  args: CommandArgs,
  cmd: unknown,
  context: ApplyContext,
): Promise<Result> {
  const input = args.stdin === undefined ? undefined : args.stdin + (args.stdin_add_newline === false ? '' : '\n');
  const stripEmptyEnds = args.strip_empty_ends !== false;
  if (context.leaveForS !== undefined)
    return await startJob(script, input ?? '', { cmd, stripEmptyEnds }, context.leaveForS, context);
  const start = new Date();
  const reply = await context.sh(script, { stdin: input === undefined ? undefined : Buffer.from(input) });
  const result = commandResult(reply, cmd, stripEmptyEnds, { start, end: new Date() });
  if (reply.rc !== 0) throw new TaskError('non-zero return code', { details: result });
  return result;
}

/** What came of a command, in Ansible's keys. */
export function commandResult(
  reply: Reply,
  cmd: unknown,
  stripEmptyEnds: boolean,
  { start, end }: { readonly start: Date; readonly end: Date },
): Result {
  const trim = (text: string) => (stripEmptyEnds ? text.replace(/[\r\n]+$/, '') : text);
  const stdout = trim(reply.stdout);
  const stderr = trim(reply.stderr);
  return {
    cmd,
    rc: reply.rc,
    stdout,
    stderr,
    stdout_lines: linesOf(stdout),
    stderr_lines: linesOf(stderr),
    start: timeText(start),
    end: timeText(end),
    delta: durationText(end.getTime() - start.getTime()),
    changed: true,
    msg: reply.rc === 0 ? '' : 'non-zero return code',
  };
}

/** Python's splitlines, as far as command output has it. */
export function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/(?:\r\n|\n|\r)$/, '').split(/\r\n|\n|\r/);
}

function timeText(time: Date): string {
  return `${time.toISOString().replace('T', ' ').slice(0, 23)}000`;
}

function durationText(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (value: number) => String(value).padStart(2, '0');
  const fraction = String(milliseconds % 1000).padStart(3, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${fraction}000`;
}

/** The result of a program that ran; another status than 0 is a failure that holds all it said. */
export function resultOfReply({ rc, stdout, stderr }: Reply): Result {
  const result: Result = {
    changed: true,
    rc,
    stdout,
    stderr,
    stdout_lines: linesOf(stdout),
    stderr_lines: linesOf(stderr),
  };
  if (rc !== 0) throw new TaskError('non-zero return code', { details: result });
  return result;
}
