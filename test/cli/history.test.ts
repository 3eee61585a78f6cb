import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RunRecorder } from '../../src/cli/history/recorder.ts';
import type { RunEvent } from '../../src/report/contract.ts';
import { RunHistory } from '../../src/state/run-history.ts';
import { end, result, stats } from '../report/events.ts';
import { directoryOf, rcdeploy } from './program.ts';

let state: string;
let runs: string;

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'rcdeploy-history-'));
  runs = join(state, 'rcdeploy', 'runs');
  vi.stubEnv('XDG_STATE_HOME', state);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(state, { recursive: true });
});

const start: RunEvent = {
  event: 'run_start',
  playbooks: ['site.yml'],
  inventory: ['hosts'],
  check: false,
  version: '1.2.3',
};

/** What a run of these events leaves behind: a turn later, since hosts are turned to first. */
async function note(...events: RunEvent[]): Promise<void> {
  const recorder = new RunRecorder(new RunHistory(runs), 'web*');
  for (const event of events) recorder.handle(event);
  await nextTurn();
}

describe('rcdeploy history', () => {
  it('says so when nothing was run', async () => {
    expect(await rcdeploy('history')).toMatchObject({
      exit: 0,
      out: 'no runs are noted for this user on this machine\n',
    });
  });

  it('lists a run with its outcome, and tells what it changed, what failed and what is owed', async () => {
    await note(
      start,
      result('1', 'h1', { status: 'changed' }),
      result('1', 'h2', { status: 'changed' }),
      result('1', 'h2', { status: 'changed', item: 'one of a loop' }),
      result('2', 'h2', { status: 'failed', result: { msg: 'no \u001b[2Jluck' } }),
      end({
        exit: 2,
        stats: { h1: stats({ changed: 1 }), h2: stats({ changed: 1, failed: 1 }) },
        owed: [{ host: 'h2', handler: 'restart', playbook: 'site.yml' }],
      }),
    );
    const { out } = await rcdeploy('history');
    expect(out.split('\n')[1]).toMatch(/^\d{8}T\d{6}-\d+ {2}failed +1\.2 s +2 +2 +site\.yml -i hosts -l web\*$/);
    const id = out.split('\n')[1]?.split(' ')[0] ?? '';
    const told = (await rcdeploy('history', id)).out;
    expect(told).toContain(`pid ${process.pid}`);
    expect(told).toContain('  changed by 1 task:\n    task 1  (site.yml:3:5)  h1 h2\n');
    expect(told).toContain('    h2: task 2 (site.yml:3:5): no \\x1b[2Jluck\n');
    expect(told).toContain('    h2: restart\n');
    expect(JSON.parse((await rcdeploy('history', id, '--output', 'json')).out)).toMatchObject({
      id,
      outcome: 'failed',
    });
  });

  it('knows a run that is at work, and one that was killed', async () => {
    await note(start);
    expect((await rcdeploy('history')).out).toMatch(/ running +site\.yml/);
    const file = join(runs, readdirSync(runs)[0] ?? '');
    const record = JSON.parse(readFileSync(file, 'utf8')) as { holder: object };
    writeFileSync(file, JSON.stringify({ ...record, holder: { ...record.holder, controlStartTime: '1' } }));
    expect((await rcdeploy('history')).out).toMatch(/ killed +site\.yml/);
    writeFileSync(file, JSON.stringify({ ...record, holder: { ...record.holder, controlHost: 'elsewhere' } }));
    expect((await rcdeploy('history')).out).toMatch(/ unknown +site\.yml/);
  });

  it('keeps the last runs, passes over what is none, and refuses an id that names none', async () => {
    await note(start, end());
    const [name = ''] = readdirSync(runs);
    const text = readFileSync(join(runs, name), 'utf8');
    for (let index = 0; index < 600; index++) {
      const id = `2020-${String(index).padStart(4, '0')}`;
      writeFileSync(join(runs, `${id}.json`), text.replace(/"id":"[^"]*"/, `"id":"${id}"`));
    }
    writeFileSync(join(runs, `${name.slice(0, 15)}-0.json`), '{"id":');
    await note(start, end());
    expect(readdirSync(runs)).toHaveLength(500);
    expect((await rcdeploy('history', '-n', '3')).out.trimEnd().split('\n')).toHaveLength(3);
    expect(await rcdeploy('history', '2020')).toMatchObject({ exit: 1, err: expect.stringContaining("called '2020'") });
    expect((await rcdeploy('history', '2020-0599')).exit).toBe(0);
  });
});

describe('a run', () => {
  const dir = directoryOf({
    hosts: 'h1 ansible_connection=local\n',
    'site.yml':
      '- {hosts: all, gather_facts: false, tasks: [{name: told, debug: {msg: hunter2secret}}, {name: bad, fail: {msg: "{{ p_password }}"}}]}\n',
  });
  const run = (...more: string[]) =>
    rcdeploy('run', join(dir, 'site.yml'), '-i', join(dir, 'hosts'), '-e', 'p_password=hunter2secret', ...more);

  it('is noted for its user alone, without secrets; a check and a list are not', async () => {
    await run('-C');
    await run('--list-tasks');
    expect(readdirSync(state)).toEqual([]);
    expect((await run()).exit).toBe(2);
    const [name = ''] = readdirSync(runs);
    expect(statSync(join(runs, name)).mode & 0o777).toBe(0o600);
    const text = readFileSync(join(runs, name), 'utf8');
    expect(text).not.toContain('hunter2secret');
    expect(JSON.parse(text)).toMatchObject({
      failed: [{ host: 'h1', task: 'bad', message: '********' }],
      end: { exit: 2 },
    });
  });

  it('is written as a page without secrets by --report', async () => {
    const file = join(state, 'run.html');
    expect((await run('--report', file)).exit).toBe(2);
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/^<!doctype html>[\s\S]*<pre>\*{8}\nat [\s\S]*<\/html>\n$/);
    expect(text).not.toContain('hunter2secret');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await run('--report', '/nowhere/x')).toMatchObject({
      exit: 1,
      err: expect.stringContaining('--report: ENOENT'),
    });
  });

  it('does not fail where its note cannot be kept', async () => {
    writeFileSync(join(state, 'rcdeploy'), 'in the way');
    expect((await run()).exit).toBe(2);
  });
});
