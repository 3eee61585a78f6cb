import { Command, InvalidArgumentError, Option } from 'commander';
import type { RunRequest } from '../engine/request.ts';
import { type OutputKind, outputKinds } from '../report/reporter.ts';
import {
  addBecomePasswordOption,
  addLoginOptions,
  type BecomePasswordFlags,
  type LoginFlags,
} from './login-options.ts';
import { positive } from './option-values.ts';
import { refuseOptions } from './refused-options.ts';
import { addVaultOptions, type VaultFlags } from './vault-passwords.ts';

/** Flags of `run` and `plan` as commander gives them. */
export interface RunFlags extends VaultFlags, LoginFlags, BecomePasswordFlags {
  readonly inventory: readonly string[];
  readonly limit?: string;
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  readonly extraVars: readonly string[];
  readonly forks: number;
  readonly check?: boolean;
  readonly diff?: boolean;
  readonly become?: boolean;
  readonly becomeUser?: string;
  readonly becomeMethod?: string;
  /** Passwords that were asked for already. */
  readonly given?: { readonly password?: string | undefined; readonly becomePassword?: string | undefined };
  readonly startAtTask?: string;
  readonly step?: boolean;
  readonly log?: string;
  readonly junit?: string;
  readonly report?: string;
  readonly profile?: boolean;
  readonly forceHandlers?: boolean;
  readonly acceptNewHostKeys?: boolean;
  readonly strict?: boolean;
  readonly lockWait: number;
  readonly fuse: boolean;
  readonly listHosts?: boolean;
  readonly listTasks?: boolean;
  readonly listTags?: boolean;
  readonly output?: OutputKind;
  readonly verbose: number;
  readonly detailedExitcode?: boolean;
}

export type RunDefaults = RunRequest['defaults'];

const collect = (value: string, before: readonly string[]) => [...before, value];
const collectList = (value: string, before: readonly string[]) => [
  ...before,
  ...value
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== ''),
];

/** Another name that ansible-playbook has for an option. */
function addOtherName(command: Command, flags: string, take: (value: string) => void): Command {
  const option = new Option(flags).hideHelp();
  return command.addOption(option).on(`option:${option.name()}`, take);
}

/** Inventory, extra variables and vault passwords, which nearly every command takes. */
export function addInputOptions(command: Command): Command {
  addOtherName(command, '--inventory-file <source>', (source) =>
    command.setOptionValue('inventory', [...(command.getOptionValue('inventory') as string[]), source]),
  );
  return addVaultOptions(command)
    .addOption(
      new Option('-i, --inventory <source>', 'file, directory, executable or host1,host2, (repeatable)')
        .argParser(collect)
        .default([], 'inventory'),
    )
    .addOption(
      new Option('-e, --extra-vars <vars>', 'k=v, JSON, YAML or @file (repeatable)')
        .argParser(collect)
        .default([], 'none'),
    );
}

/** `run` and `plan`: the letters and names are ansible-playbook's. */
export function createRunCommand(
  name: string,
  description: string,
  argument = '<playbook...>',
  about = 'playbooks, run in this order',
): Command {
  const command = new Command(name).description(description).argument(argument, about);
  addOtherName(command, '--key-file <file>', (file) => command.setOptionValue('privateKey', file));
  addInputOptions(command)
    .option('-l, --limit <pattern>', 'only these hosts')
    .addOption(new Option('-t, --tags <tags>', 'only tasks with these tags').argParser(collectList).default([], 'all'))
    .addOption(new Option('--skip-tags <tags>', 'no tasks with these tags').argParser(collectList).default([], 'none'))
    .addOption(new Option('-f, --forks <hosts>', 'hosts worked on at once').argParser(positive).default(50))
    .option('-C, --check', 'change nothing, tell what would change')
    .option('-D, --diff', 'show what changes')
    .option('-b, --become', 'run tasks as another user')
    .option('--become-user <user>', 'that user (default: root)')
    .addOption(
      new Option('--become-method <method>', 'how to become it (default: sudo)').choices(['sudo', 'su', 'doas']),
    );
  addLoginOptions(addBecomePasswordOption(command))
    .option('--start-at-task <name>', 'skip everything before this task')
    .option('--step', 'ask before each task: yes, no, or go on without asking')
    .option('--force-handlers', 'run notified handlers on failed hosts too')
    .option('--accept-new-host-keys', 'accept unknown host keys, aloud; changed ones never')
    .option('--strict', 'refuse unsafe versions, settings and hosts, and input with warnings')
    .addOption(new Option('--lock-wait <seconds>', 'wait this long for another run').argParser(seconds).default(0))
    .option('--no-fuse', 'read task by task; results are the same')
    .addOption(
      new Option('-v, --verbose', 'tell what went well too; -vvv: whole values')
        .argParser((_value: string, before: number) => before + 1)
        .default(0, 'no'),
    )
    .option('--list-hosts', 'list the hosts and end')
    .option('--list-tasks', 'list the tasks and end')
    .option('--list-tags', 'list the tags and end')
    .option('--log <file>', 'append what happens to this file, with times')
    .option('--junit <file>', 'write results for a CI server to this file')
    .option('--report <file>', 'write the run as one HTML page to this file')
    .option('--profile', 'say at the end which tasks took longest')
    .addOption(
      new Option('--output <form>', 'what to write (default: tty on a terminal, else plain)').choices(outputKinds),
    );
  return command;
}

/** The options that are not ours come last, so that a command may have added its own. */
export function finishOptions(command: Command): Command {
  return refuseOptions(command);
}

function seconds(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('give a number of seconds.');
  return Number(text);
}
