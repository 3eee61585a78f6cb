import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { Mask } from '../../src/report/mask.ts';
import { Output } from '../../src/report/output.ts';
import { Unknown } from '../../src/template/values.ts';
import { end, report, result, start, stats } from './events.ts';

describe('json', () => {
  it('is one object per line, the last one run_end', async () => {
    const events = [start('1', ['h1']), result('1', 'h1', { result: { pid: new Unknown('start') } }), end()];
    const { out } = await report('json', events, ['result', 'failed']);
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ event }) => event)).toEqual(['task_start', 'result', 'run_end']);
    expect(lines[1]).toMatchObject({ status: 'ok', host: 'h1', result: { pid: { unknown: 'start' } } });
    expect(lines[2]).toMatchObject({ exit: 0, owed: [], duration_ms: 1234, time: '2026-01-01T00:00:00.000Z' });
  });

  it('holds no character that a terminal could act on, and still the same text', async () => {
    const stdout = '\u001b[2J \u009b31m \u007f \u202e \u2028 \ud800 😀 中';
    const { out } = await report('json', [result('1', 'h1', { result: { stdout } })]);
    expect(out.trimEnd()).not.toMatch(/[\p{Cc}\p{Cs}\u2028-\u202e]/u);
    expect(JSON.parse(out)).toMatchObject({ result: { stdout } });
  });

  it('gives diagnostics their place in one field', async () => {
    const span = { file: 'a.yml', line: 2, column: 3, endLine: 2, endColumn: 4 };
    const diagnostic = { severity: 'error', code: 'x', message: 'm', span, hint: 'h' } as const;
    const { out } = await report('json', [{ event: 'diagnostic', diagnostic }]);
    expect(JSON.parse(out)).toMatchObject({
      event: 'diagnostic',
      severity: 'error',
      code: 'x',
      message: 'm',
      path: 'a.yml:2:3',
      hint: 'h',
    });
  });
});

describe('ansible', () => {
  it('is what pipelines grep for', async () => {
    const { out } = await report('ansible', [
      { event: 'play_start', play: 'all', hosts: ['h1'], path: 'site.yml:1:3', batch: ['h1'] },
      start('1', ['h1'], 'a'),
      result('1', 'h1', { status: 'changed' }),
      start('2', ['h1'], 'b'),
      result('2', 'h1', { item: 'x', status: 'changed' }),
      result('2', 'h1', { status: 'changed' }),
      start('3', ['h1'], 'c'),
      result('3', 'h1', { status: 'failed', result: { msg: 'no', failed: true, changed: false } }),
      end({ stats: { h1: stats({ ok: 2, changed: 2, failed: 1 }) } }),
    ]);
    expect(out.split('\n')).toEqual([
      '',
      `PLAY [all] ${'*'.repeat(69)}`,
      '',
      `TASK [a] ${'*'.repeat(71)}`,
      'changed: [h1]',
      '',
      `TASK [b] ${'*'.repeat(71)}`,
      'changed: [h1] => (item=x)',
      '',
      `TASK [c] ${'*'.repeat(71)}`,
      'fatal: [h1]: FAILED! => {"changed": false, "msg": "no"}',
      '',
      `PLAY RECAP ${'*'.repeat(69)}`,
      'h1                         : ok=2    changed=2    unreachable=0    failed=1    skipped=0    rescued=0    ignored=0   ',
      '',
      '',
    ]);
  });

  it('shows loops and what debug and assert say as ansible-playbook does', async () => {
    const item = (value: unknown) => ({ ansible_loop_var: 'item', item: value });
    const events = [
      start('1', ['h1'], 'a'),
      result('1', 'h1', {
        item: '{"port":1,"on":true,"n":null,"s":"it\'s"}',
        status: 'changed',
        result: item({ port: 1, on: true, n: null, s: "it's" }),
      }),
      result('1', 'h1', { item: 'x', status: 'ignored', result: { msg: 'no', failed: true } }),
      result('1', 'h1', { status: 'ignored', result: { failed: true, results: [], msg: 'One or more items failed' } }),
      start('2', ['h1'], 'b'),
      result('2', 'h1', { module: 'debug', item: '1', result: { msg: 'm', b: 1, a: 2, changed: false, ...item(1) } }),
      start('3', ['h1'], 'c'),
      result('3', 'h1', { module: 'debug', result: { msg: 'deep', _verbosity: 1 } }),
      result('4', 'h1', { module: 'assert', result: { msg: 'fine', changed: false } }),
      result('5', 'h1', { module: 'ping', result: { ping: 'pong', changed: false } }),
    ];
    const quiet = await report('ansible', events);
    expect(quiet.out.split('\n').filter((line) => line !== '' && !line.startsWith('TASK'))).toEqual([
      `changed: [h1] => (item={'port': 1, 'on': True, 'n': None, 's': "it's"})`,
      'failed: [h1] (item=x) => {"msg": "no"}',
      '...ignoring',
      'ok: [h1] => (item=1) => {',
      '    "a": 2,',
      '    "b": 1,',
      '    "msg": "m"',
      '}',
      'skipping: [h1]',
      'ok: [h1] => {',
      '    "changed": false,',
      '    "msg": "fine"',
      '}',
      'ok: [h1]',
    ]);
    const { out } = await report('ansible', events, [], 1);
    expect(out).toContain('ok: [h1] => {\n    "msg": "deep"\n}\n');
    expect(out).toContain('ok: [h1] => {"changed": false, "ping": "pong"}\n');
  });
});

it('goes on in silence when its reader has gone', async () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const output = new Output({ stdout, stderr }, new Mask());
  output.line('one');
  stdout.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  output.line('two');
  await output.flush();
  output.line('three');
  expect(String(stdout.read() ?? '')).not.toContain('three');
});
