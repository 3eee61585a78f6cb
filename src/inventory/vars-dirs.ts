import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostic } from '../errors/diagnostic.ts';
import { spanOf } from '../source/positions.ts';
import { loadYaml } from '../source/yaml-file.ts';
import type { VarLayer } from './contract.ts';

const ENDINGS = ['', '.yml', '.yaml', '.json'];

/** `group_vars/` and `host_vars/` beside an inventory or a playbook: one file per name, or a directory of files. */
export class VarsDirs {
  readonly #dir: string;
  readonly #label: string;
  readonly #diagnostics: Diagnostic[];
  readonly #known = new Map<string, readonly VarLayer[]>();

  constructor(dir: string, label: string, diagnostics: Diagnostic[]) {
    this.#dir = dir;
    this.#label = label;
    this.#diagnostics = diagnostics;
  }

  layers(kind: 'group_vars' | 'host_vars', name: string): readonly VarLayer[] {
    const key = `${kind}/${name}`;
    let layers = this.#known.get(key);
    if (!layers) {
      layers = filesOf(join(this.#dir, kind), name).flatMap((file) => this.#read(file, key));
      this.#known.set(key, layers);
    }
    return layers;
  }

  /** Read all files there are, so that their mistakes are found whoever uses them. */
  readAll(): void {
    for (const kind of ['group_vars', 'host_vars'] as const) {
      const dir = join(this.#dir, kind);
      if (!isDirectory(dir)) continue;
      for (const entry of readdirSync(dir))
        if (!isIgnored(entry)) this.layers(kind, entry.replace(/\.(ya?ml|json)$/, ''));
    }
  }

  #read(file: string, key: string): VarLayer[] {
    const { value, diagnostics } = loadYaml(file);
    this.#diagnostics.push(...diagnostics);
    if (value === null) return [];
    if (typeof value === 'object' && !Array.isArray(value))
      return [{ origin: `${this.#label} ${key}`, vars: value as Record<string, unknown> }];
    const span = spanOf(value) ?? { file, line: 1, column: 1, endLine: 1, endColumn: 1 };
    this.#diagnostics.push({ severity: 'error', code: 'bad-vars-file', message: 'a file of variables is a map', span });
    return [];
  }
}

function filesOf(dir: string, name: string): string[] {
  const files: string[] = [];
  for (const ending of ENDINGS) {
    const path = join(dir, name + ending);
    if (!existsSync(path)) continue;
    if (isDirectory(path)) files.push(...filesBelow(path));
    else files.push(path);
  }
  return files;
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir)
    .filter((entry) => !isIgnored(entry))
    .sort()
    .flatMap((entry) => (isDirectory(join(dir, entry)) ? filesBelow(join(dir, entry)) : [join(dir, entry)]));
}

/** Hidden files, editors' copies and documentation are no variables. */
export function isIgnored(entry: string): boolean {
  return /^\.|~$|\.(orig|bak|swp|retry|pyc|pyo|md|txt|rst|example|cfg)$/.test(entry);
}

function isDirectory(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}
