import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The one-way street: each room of src/ and the rooms it may import from, besides itself and those for everybody. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  cli: ['source', 'inventory', 'playbook', 'engine', 'modules', 'redis', 'transport', 'report', 'state', 'lab'],
  inventory: ['source'],
  playbook: ['source', 'inventory'],
  engine: ['source', 'inventory', 'playbook', 'modules', 'redis', 'transport', 'report', 'state'],
  modules: ['redis', 'transport', 'state'],
  report: ['modules'],
  state: ['redis', 'transport'],
  source: [],
  redis: [],
  transport: [],
  lab: [],
  template: [],
  errors: [],
  sh: [],
  package: [],
  vault: [],
};

/** Rooms that everybody may import from. They import nothing but each other. */
const FOR_EVERYBODY = ['template', 'errors', 'sh', 'package', 'vault'];

/** Who may use a package: rooms, or single files. */
const PACKAGE_USERS: Readonly<Record<string, readonly string[]>> = {
  commander: ['cli'],
  'node:process': ['cli'],
  'node:readline': ['cli', 'report'],
  'node:tty': ['cli', 'report'],
  listr2: ['report'],
  ssh2: ['transport'],
  'node:net': ['transport', 'lab'],
  'node:dgram': [],
  'node:tls': ['transport', 'redis/node/node-stream.ts'],
  'redis-parser': ['redis/node/stream-link.ts'],
};

/** What node:net offers that opens no connection. */
const ADDRESS_FUNCTIONS = /^\s*\{\s*(isIP|isIPv4|isIPv6)(\s*,\s*(isIP|isIPv4|isIPv6))*\s*,?\s*\}\s*$/;

interface Import {
  /** Relative to src/. */
  readonly file: string;
  readonly specifier: string;
  /** What stands between `import` and `from`; empty for `import(…)`. */
  readonly clause: string;
}

function importsOf(file: string, text: string): Import[] {
  const statements =
    /^(?:import|export)\s(?:type\s)?([^'";]*?)\sfrom\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]/gm;
  return [...text.matchAll(statements)].map(([, clause = '', from, dynamic, bare]) => {
    return { file, clause, specifier: from ?? dynamic ?? bare ?? '' };
  });
}

/** One sentence per import that goes the wrong way. */
function wrongImport({ file, specifier, clause }: Import): string[] {
  const room = file.split('/')[0] ?? '';
  if (!specifier.startsWith('.')) return wrongPackage(file, room, specifier, clause);
  const target = posix.join('src', posix.dirname(file), specifier);
  if (!target.startsWith('src/'))
    return target === 'package.json' ? [] : [`src/${file} imports ${target}, outside of src`];
  const other = target.split('/')[1] ?? '';
  const allowed = MAY_IMPORT[room];
  if (!allowed) return [`src/${file} is in a room that the layering test does not know`];
  if (other === room || FOR_EVERYBODY.includes(other) || allowed.includes(other)) return [];
  return [`src/${file} imports ${target}: ${room} may import only ${[...allowed, ...FOR_EVERYBODY].join(', ')}`];
}

function wrongPackage(file: string, room: string, specifier: string, clause: string): string[] {
  const users = PACKAGE_USERS[specifier];
  if (!users || users.includes(room) || users.includes(file)) return [];
  if (specifier === 'node:net' && ADDRESS_FUNCTIONS.test(clause)) return [];
  return [`src/${file} imports ${specifier}, which only ${users.join(', ') || 'nobody'} may`];
}

describe('layering', () => {
  const files = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const imports = files.flatMap((file) => importsOf(file, readFileSync(`${root}src/${file}`, 'utf8')));

  test('sees the files and their imports', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(imports.length).toBeGreaterThan(files.length);
    expect(new Set(files.map((file) => file.split('/')[0]))).toEqual(new Set(Object.keys(MAY_IMPORT)));
  });

  test('imports go one way', () => {
    expect(imports.flatMap(wrongImport)).toEqual([]);
  });

  test('notices what goes the wrong way', () => {
    const wrong = (file: string, text: string): string[] => importsOf(file, text).flatMap(wrongImport);
    expect(wrong('redis/plan.ts', "import { run } from '../engine/run.ts';")).toHaveLength(1);
    expect(wrong('redis/deep/plan.ts', "import type {\n  A,\n} from '../../transport/a.ts';")).toHaveLength(1);
    expect(wrong('template/x.ts', "const x = await import('../source/yaml.ts');")).toHaveLength(1);
    expect(wrong('engine/x.ts', "import { connect } from 'node:net';")).toHaveLength(1);
    expect(wrong('engine/x.ts', "import { isIP } from 'node:net';")).toHaveLength(0);
    expect(wrong('redis/observe.ts', "import Parser from 'redis-parser';")).toHaveLength(1);
    expect(wrong('nowhere/x.ts', "export * from '../errors/errors.ts';")).toHaveLength(1);
    expect(wrong('engine/x.ts', "import 'ssh2';\nimport a from '../state/locks.ts';")).toHaveLength(1);
  });
});
