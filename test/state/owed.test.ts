import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { owedKey, parseOwed, READ_OWED, recordOwedScript, strikeOffScript } from '../../src/state/owed.ts';
import { SET_STATE_DIR } from '../../src/state/state-dir.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rcdeploy-owed-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function sh(script: string) {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script.replace(SET_STATE_DIR, `D=${dir}`)], {
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

const restart = {
  key: owedKey("restart 'it'", { name: 'redis' }),
  handler: "restart 'it'",
  playbook: 'a b.yml',
  since: '2026-01-01T00:00:00Z',
};
const reload = { key: owedKey('reload', {}), handler: 'reload', playbook: 'x.yml', since: '2026-01-01T00:00:00Z' };

describe('owed handlers', () => {
  it('stay on the host until they are struck off', () => {
    expect(parseOwed(sh(READ_OWED))).toEqual([]);
    sh(recordOwedScript([restart, reload]));
    sh(recordOwedScript([restart]));
    expect(parseOwed(sh(READ_OWED)).sort((a, b) => a.handler.localeCompare(b.handler))).toEqual([reload, restart]);
    sh(strikeOffScript([restart.key]));
    expect(parseOwed(sh(READ_OWED))).toEqual([reload]);
  });

  it('are told apart by name and arguments', () => {
    expect(owedKey('restart', { name: 'a' })).not.toBe(owedKey('restart', { name: 'b' }));
    expect(owedKey('restart', { name: 'a' })).toBe(owedKey('restart', { name: 'a' }));
  });

  it('ignore what is no record', () => {
    expect(parseOwed('garbage\n{"key":"../../etc","handler":"x"}\n{}\n')).toEqual([]);
  });
});
