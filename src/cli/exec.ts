import type { Command } from 'commander';
import { runPlaybooks } from './run.ts';
import { createRunCommand, finishOptions, type RunFlags } from './run-options.ts';

/** `rcdeploy exec PATTERN -- CMD`: one command on hosts, without a playbook. */
export function execCommand(): Command {
  const about = 'hosts, then the command: one word is a shell line, several are a program and its arguments';
  const command = createRunCommand('exec', 'run one command on hosts', '<pattern-and-command...>', about);
  command.usage('[options] <pattern> -- <command...>');
  command.action(async ([pattern = '', ...words]: string[], flags: RunFlags) => {
    if (words.length === 0) command.error('error: a command is missing: rcdeploy exec PATTERN -- COMMAND');
    process.exitCode = await runPlaybooks([], { ...flags, output: flags.output ?? 'ad-hoc' }, undefined, [
      { name: 'exec', text: JSON.stringify(playOf(pattern, words)) },
    ]);
  });
  return finishOptions(command);
}

function playOf(pattern: string, words: readonly string[]): unknown {
  const [only = ''] = words;
  const call = words.length === 1 ? { shell: { cmd: only } } : { command: { argv: words } };
  return [{ name: 'exec', hosts: pattern, gather_facts: false, tasks: [{ name: words.join(' '), ...call }] }];
}
