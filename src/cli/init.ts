import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import { InputError } from '../errors/errors.ts';
import { packageFile } from '../package/root.ts';
import { output } from './terminal.ts';

/** What a directory of one's own begins with: the example of several machines, to be edited. */
const files: readonly (readonly [from: string, to: string])[] = [
  ['inventory/datacenter.example/hosts.yml', 'inventory/hosts.yml'],
  ['inventory/datacenter.example/group_vars/redis.yml', 'inventory/group_vars/redis.yml'],
];

/** `rcdeploy init`: an inventory to edit. Nothing that is there is touched. */
export function initCommand(): Command {
  return new Command('init')
    .description('put an inventory to edit into a directory')
    .argument('[directory]', 'where to', '.')
    .action(init);
}

function init(directory: string): void {
  const root = resolve(directory);
  const there = files.map(([, to]) => join(root, to)).find((file) => existsSync(file));
  if (there !== undefined) {
    const hint = 'name another directory: rcdeploy init DIRECTORY';
    throw new InputError([{ severity: 'error', code: 'file-exists', message: `${there} is there already`, hint }]);
  }
  for (const [from, to] of files) {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    writeFileSync(join(root, to), readFileSync(packageFile(from)), { flag: 'wx' });
    output.line(join(directory, to));
  }
  output.line('\nnext: write your hosts into it, then');
  for (const step of ['hostkeys scan', 'validate cluster.yml', 'plan cluster.yml', 'run cluster.yml'])
    output.line(`  rcdeploy ${step} -i ${join(directory, 'inventory')}`);
}
