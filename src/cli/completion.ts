import { readdirSync } from 'node:fs';
import { Argument, Command } from 'commander';
import { packageFile } from '../package/root.ts';
import { bashScript } from './completion/bash.ts';
import { fishScript } from './completion/fish.ts';
import { type KnownWords, type Place, placesOf } from './completion/places.ts';
import { zshScript } from './completion/zsh.ts';
import { output } from './terminal.ts';

const scripts: Readonly<Record<string, (places: readonly Place[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** `rcdeploy completion SHELL`: a script that completes commands, options and their values, made from the commands themselves. */
export function completionCommand(wholeProgram: () => Promise<Command>): Command {
  return new Command('completion')
    .description('write a completion script for a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(scripts)))
    .action(async (shell: string) => {
      const places = placesOf(await wholeProgram(), knownWords());
      output.rawLine((scripts[shell]?.(places) ?? '').trimEnd());
    });
}

function knownWords(): KnownWords {
  const playbooks = namesIn('playbooks', '.yml');
  return {
    run: playbooks,
    plan: playbooks,
    validate: playbooks,
    doc: namesIn('schemas/modules', '.json').map((file) => file.replace('.json', '')),
  };
}

function namesIn(directory: string, extension: string): string[] {
  return readdirSync(packageFile(directory))
    .filter((name) => name.endsWith(extension))
    .sort();
}
