import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { RunRequest } from '../engine/request.ts';
import { run } from '../engine/run.ts';
import { InputError } from '../errors/errors.ts';
import type { PlaybookText } from '../playbook/playbook.ts';
import type { Reporter, RunEvent } from '../report/contract.ts';
import type { Renderer } from '../report/plain.ts';
import { createReporter, suitableKind } from '../report/reporter.ts';
import { formatDiagnostic } from '../source/diagnostics.ts';
import { AskedBefore } from '../state/asked-before.ts';
import { askOperator, askText } from './ask.ts';
import { type Beside, renderersBeside } from './beside.ts';
import { cacheDirectory } from './cache-dir.ts';
import { asMistakes } from './diagnostics.ts';
import { type Audience, watchInterrupts } from './interrupt.ts';
import { printLists } from './lists.ts';
import { type LoadedInput, loadAll } from './load.ts';
import { askBecomePassword, askLoginPassword, loginOf } from './login-options.ts';
import { packageVersion } from './package-files.ts';
import { askPrompts } from './prompts.ts';
import { createRunCommand, finishOptions, type RunDefaults, type RunFlags } from './run-options.ts';
import { mask, output, wantsColour } from './terminal.ts';

/** `rcdeploy run`: make the hosts what the playbooks say. */
export function runCommand(): Command {
  const command = createRunCommand('run', 'run playbooks on the hosts of an inventory');
  command.action(async (playbooks: string[], flags: RunFlags) => {
    process.exitCode = await runPlaybooks(playbooks, flags);
  });
  return finishOptions(command);
}

/** Ask, load, run, report. Returns the exit status. */
export async function runPlaybooks(
  playbooks: readonly string[],
  flags: RunFlags,
  observe: (event: RunEvent) => void = () => undefined,
  texts: readonly PlaybookText[] = [],
): Promise<number> {
  let beside: Beside;
  try {
    beside = renderersBeside(flags);
  } catch (error) {
    if (flags.output !== 'json' || !(error instanceof InputError)) throw error;
    return endInJson(error);
  }
  const reporter = await reporterFor(flags, beside.renderers);
  const emit = (event: RunEvent) => {
    observe(event);
    reporter.emit({ ...event, time: new Date().toISOString() });
  };
  // What ends no run in order is told to programs and files; people are told of it in other words.
  const tellReaders = flags.output === 'json' ? emit : beside.handle;
  const audience = {
    notice: (message: string) => reporter.notice(message),
    leave: () => {
      reporter.leave();
      tellReaders(leftAtOnce());
    },
  };
  try {
    if (flags.output === 'json') refuseLists(flags);
    const input = await loadAll({ ...flags, playbooks, texts });
    if (printLists(input, flags)) return 0;
    if (flags.strict && input.warnings.length > 0) throw new InputError(asMistakes(input.warnings));
    if (flags.step) needTerminal();
    return await runLoaded(input, flags, audience, emit);
  } catch (error) {
    if (flags.output === 'json') return emitMistakes(error, tellReaders);
    if (error instanceof InputError) emitMistakes(error, tellReaders);
    throw error;
  } finally {
    await reporter.finish();
    beside.close();
  }
}

/** They are text for people, among lines that are read as JSON. */
function refuseLists({ listHosts, listTasks, listTags }: RunFlags): void {
  if (!listHosts && !listTasks && !listTags) return;
  const message = '--list-hosts, --list-tasks and --list-tags write text';
  throw new InputError([{ severity: 'error', code: 'usage', message, hint: 'leave --output json out' }]);
}

/** Without anybody to say yes, `--step` would run nothing and call that well. */
function needTerminal(): void {
  if (process.stdin.isTTY) return;
  const message = '--step needs a terminal to ask on';
  throw new InputError([
    { severity: 'error', code: 'no-terminal', message, hint: 'leave it out, or see `rcdeploy plan`' },
  ]);
}

/** A mistake before there is a run, for `--output json`. */
export async function endInJson(error: InputError): Promise<number> {
  const reporter = await reporterFor({ output: 'json', verbose: 0 }, []);
  const exit = emitMistakes(error, (event) => reporter.emit({ ...event, time: new Date().toISOString() }));
  await reporter.finish();
  return exit;
}

/** With `--output json` mistakes in the input are events too, and the last line is always `run_end`. */
function emitMistakes(error: unknown, emit: (event: RunEvent) => void): number {
  const end: RunEvent & { event: 'run_end' } = { event: 'run_end', exit: 2, stats: {}, owed: [], duration_ms: 0 };
  if (!(error instanceof InputError)) {
    emit({ ...end, message: `a mistake of rcdeploy itself: ${String(error)}` });
    throw error;
  }
  for (const diagnostic of error.diagnostics) emit({ event: 'diagnostic', diagnostic });
  emit({ ...end, exit: 1, message: 'invalid input: nothing was contacted' });
  return 1;
}

/** The second signal: nobody waits for what hosts would say. */
function leftAtOnce(): RunEvent {
  const message = 'interrupted, and left at once: what runs on hosts ends by itself, and the next run waits for that';
  return { event: 'run_end', exit: 130, stats: {}, owed: [], duration_ms: Math.round(performance.now()), message };
}

async function runLoaded(
  input: LoadedInput,
  flags: RunFlags,
  audience: Audience,
  emit: (event: RunEvent) => void,
): Promise<number> {
  const defaults = await connectionDefaults(flags);
  const answers = await askPrompts(input.playbooks, input.extraVars);
  const interrupts = watchInterrupts(audience);
  try {
    for (const diagnostic of input.warnings) emit({ event: 'diagnostic', diagnostic });
    return await run({ ...requestOf(input, flags, defaults, interrupts.signal, emit), answers });
  } finally {
    interrupts.stop();
  }
}

function requestOf(
  input: LoadedInput,
  flags: RunFlags,
  defaults: RunDefaults,
  signal: AbortSignal,
  emit: (event: RunEvent) => void,
): RunRequest {
  return {
    playbooks: input.playbooks,
    inventory: input.inventory,
    inventorySources: input.sources,
    limit: flags.limit,
    tags: flags.tags,
    skipTags: flags.skipTags,
    extraVars: input.extraVars,
    forks: flags.forks,
    check: flags.check === true,
    diff: flags.diff === true,
    forceHandlers: flags.forceHandlers === true,
    strict: flags.strict === true,
    verbosity: flags.verbose,
    startAtTask: flags.startAtTask,
    ...(flags.step && { confirmTask }),
    defaults,
    acceptNewHostKeys: flags.acceptNewHostKeys === true,
    lockWaitMs: flags.lockWait * 1000,
    fuse: flags.fuse,
    askedBefore: askedBefore(input, flags),
    // A check writes nothing here either.
    cacheDir: cacheDirectory(flags.check !== true),
    signal,
    emit,
    addSecret: (value) => mask.add(value),
    ask: askOperator,
    version: packageVersion(),
    controlPid: process.pid,
  };
}

/** Runs of the same playbooks on the same hosts ask much the same. */
function askedBefore(input: LoadedInput, flags: RunFlags): AskedBefore {
  const { limit, tags, skipTags, startAtTask } = flags;
  const places = [...input.playbooks.map(({ file }) => file), ...input.sources].map((place) => resolve(place));
  const holdsSecret = (text: string) => mask.text(text) !== text;
  const run = [packageVersion(), places, limit, tags, skipTags, startAtTask];
  return new AskedBefore(cacheDirectory(false), run, holdsSecret);
}

async function connectionDefaults(flags: RunFlags): Promise<RunDefaults> {
  const { given } = flags;
  const { user, password, privateKey, agentSocket } = loginOf(
    flags,
    (await askLoginPassword(flags)) ?? given?.password,
  );
  return {
    user,
    password,
    privateKeyFile: privateKey,
    become: flags.become === true,
    becomeUser: flags.becomeUser,
    becomeMethod: flags.becomeMethod,
    becomePassword: (await askBecomePassword(flags, password)) ?? given?.becomePassword,
    connectTimeoutMs: flags.timeout * 1000,
    agentSocket,
  };
}

/** `--step` */
async function confirmTask(task: string): Promise<'yes' | 'no' | 'continue'> {
  const answer = (await askText(`Perform task: ${task} (N)o/(y)es/(c)ontinue: `)).trim().toLowerCase();
  if (answer === 'c' || answer === 'continue') return 'continue';
  return answer === 'y' || answer === 'yes' ? 'yes' : 'no';
}

type Shown = Pick<RunFlags, 'output' | 'verbose' | 'step' | 'diff' | 'check'>;

function reporterFor(flags: Shown, beside: readonly Renderer[]): Promise<Reporter> {
  // Questions and lines that move cannot share a terminal.
  const suitable = flags.step ? 'plain' : suitableKind(process.stdout, process.env);
  const kind = flags.output ?? suitable;
  const showDiff = flags.diff === true || flags.check === true;
  return createReporter(kind, {
    output,
    mask,
    colour: wantsColour(),
    showDiff,
    verbosity: flags.verbose,
    formatDiagnostic,
    beside,
  });
}
