import { type Command, Option } from 'commander';

const sshArguments = 'set ansible_ssh_common_args in the inventory, or use ~/.ssh/config';

/** Options that ansible-playbook has, and what to do instead. */
const refused: readonly (readonly [flags: string, instead: string])[] = [
  ['--version', 'use `rcdeploy --version`'],
  ['--syntax-check', 'use `rcdeploy validate`'],
  ['-c, --connection [type]', 'set ansible_connection: ssh or local in the inventory'],
  ['--ssh-common-args [args]', sshArguments],
  ['--ssh-extra-args [args]', sshArguments],
  ['--sftp-extra-args [args]', `sftp is not used; ${sshArguments}`],
  ['--scp-extra-args [args]', `scp is not used; ${sshArguments}`],
  ['--flush-cache', 'facts are gathered anew in every run: there is no cache'],
  ['-M, --module-path [path]', 'modules are built in: see `rcdeploy doc`'],
  ['--become-password-file [file]', 'pass ansible_become_password with -e @file, or use --ask-become-pass'],
  ['--become-pass-file [file]', 'pass ansible_become_password with -e @file, or use --ask-become-pass'],
  ['--connection-password-file [file]', 'pass ansible_password with -e @file, or use --ask-pass'],
  ['--conn-pass-file [file]', 'pass ansible_password with -e @file, or use --ask-pass'],
];

/** Make a command refuse them, each with its word. */
export function refuseOptions(command: Command): Command {
  const taken = new Set(
    command.options.flatMap(({ short, long }) => [short, long]).filter((name) => name !== undefined),
  );
  for (const [flags, instead] of refused) {
    const option = new Option(flags);
    if ([option.long, option.short].some((name) => name !== undefined && taken.has(name))) continue;
    const name = option.long ?? option.short ?? flags;
    command.addOption(option.hideHelp());
    command.on(`option:${option.name()}`, () =>
      command.error(`error: ${name} is not an option of rcdeploy: ${instead}`),
    );
  }
  return command;
}
