import { Command } from 'commander';
import { watchInterrupts } from '../interrupt.ts';
import { addBecomePasswordOption, askBecomePassword, type BecomePasswordFlags } from '../login-options.ts';
import { finishOptions, type RunFlags } from '../run-options.ts';
import { addSourceOptions, type SourceFlags, sourceOf, sourceOptions } from './source-options.ts';

interface AdoptFlags extends SourceFlags, BecomePasswordFlags {
  readonly name: string;
  readonly to?: string;
  readonly become?: boolean;
}

export function adoptCommand(): Command {
  const command = new Command('adopt')
    .description('write an inventory for a cluster that was built by hand, and the record of it on its hosts')
    .argument('<seed>', 'HOST:PORT of one node, or the path of its unix socket');
  addSourceOptions(command)
    .option('--name <name>', "the cluster's name from now on", 'main')
    .option('--to <directory>', 'where the inventory is to be (default: ./NAME)')
    .option('-b, --become', 'become root on the hosts')
    .action(async (seed: string, flags: AdoptFlags) => {
      process.exitCode = await takeOver(seed, flags);
    });
  return finishOptions(addBecomePasswordOption(command));
}

async function takeOver(seed: string, flags: AdoptFlags): Promise<number> {
  const interrupts = watchInterrupts();
  const options = await sourceOptions(flags, interrupts.signal);
  const { password } = options.login;
  const becomePassword = await askBecomePassword(flags, password);
  const source = await sourceOf(seed, flags, options);
  try {
    const { adopt } = await import('./adopt.ts');
    const { user, name, become = false } = flags;
    return await adopt(source, {
      ...{ seed, name, to: flags.to ?? name, via: flags.via, user, become },
      way: { ...options, become: { become, password: becomePassword } },
      run: runFlags(flags, { password, becomePassword }),
    });
  } finally {
    interrupts.stop();
    await source.close();
  }
}

function runFlags(flags: AdoptFlags, given: NonNullable<RunFlags['given']>): RunFlags {
  const { extraVars, timeout, privateKey, vaultId, vaultPasswordFile } = flags;
  return {
    ...{ inventory: [], tags: [], skipTags: [], forks: 50, lockWait: 0, fuse: true, verbose: 0 },
    ...{ extraVars, timeout, vaultId, vaultPasswordFile, given },
    ...(privateKey !== undefined && { privateKey }),
  };
}
