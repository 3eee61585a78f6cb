import { accessSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { InputError } from '../errors/errors.ts';
import { readSourceText } from '../source/source-text.ts';
import { InventoryBuilder } from './builder.ts';
import type { Inventory } from './contract.ts';
import { readDynamicInventory } from './dynamic-source.ts';
import { readIniInventory } from './ini-source.ts';
import { buildInventory } from './layers.ts';
import { isIgnored, VarsDirs } from './vars-dirs.ts';
import { readYamlInventory } from './yaml-source.ts';

/** Read inventories, in order: files, directories, executables, or lists such as `host1,host2,`. Throws InputError with every finding. */
export async function loadInventory(sources: readonly string[]): Promise<Inventory> {
  const builder = new InventoryBuilder();
  const dirs: string[] = [];
  for (const source of sources) {
    if (source.includes(',')) {
      for (const name of source.split(',')) if (name.trim() !== '') builder.addHost('ungrouped', name.trim());
      dirs.push(here());
      continue;
    }
    const path = resolve(source);
    if (!existsSync(path)) {
      const span = { file: source, line: 1, column: 1, endLine: 1, endColumn: 1 };
      builder.error(
        'no-inventory',
        `inventory '${source}' does not exist`,
        span,
        'name one with -i: a file, a directory, or host1,host2,',
      );
      continue;
    }
    dirs.push(statSync(path).isDirectory() ? path : dirname(path));
    readSource(path, builder);
  }
  const beside = [...new Set(dirs)].map((dir) => new VarsDirs(dir, 'inventory', builder.diagnostics));
  for (const one of beside) one.readAll();
  const inventory = buildInventory(builder, beside, dirs[0] ?? here());
  const errors = builder.diagnostics.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new InputError(builder.diagnostics);
  return inventory;
}

/** The directory that relative names start from. */
function here(): string {
  return resolve('.');
}

function readSource(path: string, builder: InventoryBuilder): void {
  if (statSync(path).isDirectory()) {
    for (const entry of readdirSync(path).sort()) {
      if (isIgnored(entry) || entry === 'group_vars' || entry === 'host_vars') continue;
      readSource(join(path, entry), builder);
    }
    return;
  }
  builder.file = path;
  readerOf(path)(path, builder);
  builder.file = undefined;
}

function readerOf(path: string): (path: string, builder: InventoryBuilder) => void {
  const ending = extname(path);
  if (['.yml', '.yaml', '.json'].includes(ending)) return readYamlInventory;
  if (isExecutable(path)) return readDynamicInventory;
  return ending !== '.ini' && looksLikeYaml(path) ? readYamlInventory : readIniInventory;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return (statSync(path).mode & 0o111) !== 0;
  } catch {
    return false;
  }
}

function looksLikeYaml(path: string): boolean {
  const first = readSourceText(path)
    .split(/\r?\n/)
    .find((line) => line.trim() !== '' && !/^\s*[#;]/.test(line));
  return first !== undefined && /^(---|\{|[\w.-]+:\s*(#.*|\{.*)?$)/.test(first);
}
