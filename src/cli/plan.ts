import type { Command } from 'commander';
import { runPlaybooks } from './run.ts';
import { createRunCommand, finishOptions, type RunFlags } from './run-options.ts';

/** `rcdeploy plan`: what `run` would change, with diffs, and nothing changed. */
export function planCommand(): Command {
  const command = createRunCommand('plan', 'show what a run would change, and change nothing');
  command.option('--detailed-exitcode', '0: nothing to do, 5: changes pending');
  command.action(async (playbooks: string[], flags: RunFlags) => {
    let pending = false;
    const exit = await runPlaybooks(playbooks, { ...flags, check: true, diff: true }, (event) => {
      if (event.event !== 'run_end') return;
      pending = Object.values(event.stats).some(({ changed }) => changed > 0);
    });
    process.exitCode = flags.detailedExitcode === true && exit === 0 && pending ? 5 : exit;
  });
  return finishOptions(command);
}
