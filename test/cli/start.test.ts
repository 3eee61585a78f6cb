import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const built = join(import.meta.dirname, '..', '..', 'dist', 'cli');

describe('the start of the program', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'rcdeploy-start-'));
    for (const name of ['main.js', 'package.json']) copyFileSync(join(built, name), join(dir, name));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  /** The built start with another program beside it. */
  function start(program: string) {
    writeFileSync(join(dir, 'rcdeploy.cjs'), `(function (exports, require, module) { exports.start = ${program}; })`);
    const env = { ...process.env, XDG_CACHE_HOME: dir };
    return spawnSync(process.execPath, [join(dir, 'main.js'), 'validate'], { encoding: 'utf8', env });
  }

  it('ends with what the program says', () => {
    expect(start('async () => 2').status).toBe(2);
    expect(start('async (argv) => (argv[0] === "validate" ? 0 : 3)').status).toBe(0);
  });

  it('does not wait for what the program left', () => {
    expect(start('async () => { setInterval(() => {}, 1000); return 1; }').status).toBe(1);
  });

  it('never calls it success when the program waits for what cannot happen', () => {
    expect(start('() => new Promise(() => {})').status).toBe(13);
  });

  it('tells a mistake of the program, with its place', () => {
    const { status, stderr } = start('async () => {\n  throw new Error("wrong");\n}');
    expect(status).toBe(1);
    expect(stderr).toContain('rcdeploy.cjs:2');
  });
});
