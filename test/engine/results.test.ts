import { describe, expect, it } from 'vitest';
import { count, loopResult, predictedResult, statusOf, withLines } from '../../src/engine/results.ts';
import { Unknown } from '../../src/template/values.ts';

const strict = { ignoreErrors: false, ignoreUnreachable: false, rescuable: false };

describe('results', () => {
  it("gives a loop Ansible's shape", () => {
    expect(loopResult([{ changed: true }, { changed: false }])).toMatchObject({
      changed: true,
      msg: 'All items completed',
    });
    expect(loopResult([{ failed: true }, { changed: true }])).toMatchObject({
      failed: true,
      changed: true,
      msg: 'One or more items failed',
    });
    expect(loopResult([{ skipped: true }, { skipped: true }])).toMatchObject({
      skipped: true,
      msg: 'All items skipped',
    });
    expect(loopResult([{ skipped: true }, {}])).toHaveProperty('skipped', false);
    expect(loopResult([])).toEqual({
      changed: false,
      skipped: true,
      skipped_reason: 'No items in the list',
      results: [],
    });
  });

  it('derives lines from text once', () => {
    expect(withLines({ stdout: 'a\nb\n', stderr: '' })).toMatchObject({ stdout_lines: ['a', 'b'], stderr_lines: [] });
    expect(withLines({ stdout: 'a', stdout_lines: ['kept'] })).toMatchObject({ stdout_lines: ['kept'] });
  });

  it('ranks what happened: unreachable, failed, skipped, changed, ok', () => {
    expect(statusOf({ unreachable: true, changed: true }, strict)).toBe('unreachable');
    expect(statusOf({ unreachable: true }, { ...strict, ignoreUnreachable: true })).toBe('ignored');
    expect(statusOf({ failed: true, changed: true }, strict)).toBe('failed');
    expect(statusOf({ failed: true }, { ...strict, ignoreErrors: true })).toBe('ignored');
    expect(statusOf({ failed: true }, { ...strict, rescuable: true })).toBe('rescued');
    expect(statusOf({ skipped: true }, strict)).toBe('skipped');
    expect(statusOf({ changed: true }, strict)).toBe('changed');
    expect(statusOf({}, strict)).toBe('ok');
  });

  it('counts changed and ignored under ok too, as the recap of Ansible does', () => {
    const stats = { ok: 0, changed: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0 };
    for (const status of ['ok', 'changed', 'ignored', 'failed', 'skipped'] as const) count(stats, status, false);
    expect(stats).toEqual({ ok: 3, changed: 1, unreachable: 0, failed: 1, skipped: 1, rescued: 0, ignored: 1 });
  });

  it('predicts what is known and leaves the rest unknown', () => {
    const registered = predictedResult({ changed: true, dest: '/etc/x' }, 'copy x');
    expect(registered.get('changed')).toBe(true);
    expect(registered.get('dest')).toBe('/etc/x');
    expect(registered.get('failed')).toBe(false);
    expect(registered.get('stdout')).toBeInstanceOf(Unknown);
  });
});
