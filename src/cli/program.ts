import { Command, CommanderError } from 'commander';
import { InputError, TaskError } from '../errors/errors.ts';
import { sanitizeLine } from '../report/sanitize.ts';
import { Interrupted } from './ask.ts';
import { packageVersion } from './package-files.ts';
import { output } from './terminal.ts';

/** Each command's file is loaded only when it is called: a start takes as long as what it needs. */
const commands: readonly (readonly [name: string, description: string, load: () => Promise<Command>])[] = [
  ['run', 'run playbooks on the hosts of an inventory', async () => (await import('./run.ts')).runCommand()],
  ['plan', 'show what a run would change, and change nothing', async () => (await import('./plan.ts')).planCommand()],
  [
    'validate',
    'find mistakes without contacting any host',
    async () => (await import('./validate.ts')).validateCommand(),
  ],
  ['inventory', 'show hosts, groups and variables', async () => (await import('./inventory.ts')).inventoryCommand()],
  ['vars', "show a host's variables and where each comes from", async () => (await import('./vars.ts')).varsCommand()],
  [
    'hostkeys',
    'show and approve the host keys of fresh hosts',
    async () => (await import('./hostkeys.ts')).hostkeysCommand(),
  ],
  ['cluster', 'look at a cluster, and change nothing', async () => (await import('./cluster.ts')).clusterCommand()],
  ['exec', 'run one command on hosts', async () => (await import('./exec.ts')).execCommand()],
  ['unlock', 'end what a dead run left that holds hosts', async () => (await import('./unlock.ts')).unlockCommand()],
  ['history', 'list the runs of the past', async () => (await import('./history.ts')).historyCommand()],
  ['config', 'show what runs from here go by', async () => (await import('./config.ts')).configCommand()],
  ['init', 'put an inventory to edit into a directory', async () => (await import('./init.ts')).initCommand()],
  ['doc', 'describe a module, or list all modules', async () => (await import('./doc.ts')).docCommand()],
  ['vault', 'encrypt and decrypt files and values', async () => (await import('./vault.ts')).vaultCommand()],
  [
    'lab',
    'disposable Linux hosts on this machine, to try playbooks on',
    async () => (await import('./lab.ts')).labCommand(),
  ],
  [
    'completion',
    'write a completion script for a shell',
    async () => (await import('./completion.ts')).completionCommand(wholeProgram),
  ],
];

/** The program: arguments to an exit status. Never throws. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const program = await createProgram(argv);
    leaveByThrowing(program);
    await program.parseAsync(argv, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode !== 0 && wantsEvents(argv)) return endOf(error);
    return exitOf(error);
  }
}

/** Whoever reads events reads them to `run_end`, which a wrong option must not take away. */
function wantsEvents(argv: readonly string[]): boolean {
  const [command = ''] = argv;
  const asked = argv.some(
    (word, index) => word === '--output=json' || (word === 'json' && argv[index - 1] === '--output'),
  );
  return asked && ['run', 'plan', 'exec'].includes(command);
}

async function endOf({ message }: CommanderError): Promise<number> {
  const { endInJson } = await import('./run.ts');
  return endInJson(new InputError([{ severity: 'error', code: 'usage', message: message.replace(/^error: /, '') }]));
}

function emptyProgram(): Command {
  return new Command('rcdeploy')
    .description('Turns Linux machines reachable over SSH into a verified Redis (or Valkey) Cluster, and keeps it one')
    .version(packageVersion())
    .enablePositionalOptions()
    .showHelpAfterError('(see --help)');
}

/** With every command, for what describes them all. */
async function wholeProgram(): Promise<Command> {
  const program = emptyProgram();
  for (const [, , load] of commands) program.addCommand(await load());
  return program;
}

async function createProgram(argv: readonly string[]): Promise<Command> {
  const program = emptyProgram();
  for (const [name, description, load] of commands) {
    const called = argv[0] === name || (argv[0] === 'help' && argv[1] === name);
    program.addCommand(called ? await load() : new Command(name).description(description));
  }
  return program;
}

/** Commander ends the process by itself otherwise, and output still on its way would be lost. */
function leaveByThrowing(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) leaveByThrowing(child);
}

async function exitOf(error: unknown): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode;
  if (error instanceof Interrupted) return 130;
  if (error instanceof InputError) {
    const { printDiagnostics } = await import('./diagnostics.ts');
    printDiagnostics(error.diagnostics, ': nothing was contacted');
    return 1;
  }
  if (error instanceof TaskError) {
    output.errorLine(sanitizeLine(error.hint === undefined ? error.message : `${error.message} (${error.hint})`));
    return 2;
  }
  if (error instanceof Error && error.name === 'LabError') {
    output.errorLine(error.message);
    return 1;
  }
  output.errorLine(
    `a mistake of rcdeploy itself: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  return 2;
}
