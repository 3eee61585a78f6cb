import { describe, expect, it } from 'vitest';
import { suitableKind } from '../../src/report/reporter.ts';
import { end, report, result, start, stats } from './events.ts';

const hosts = ['h1', 'h2', 'h3'];

describe('plain', () => {
  it('says in one line what went well', async () => {
    const { out } = await report('plain', [
      start('1', hosts, 'create user'),
      ...hosts.map((host) => result('1', host)),
    ]);
    expect(out).toMatch(/^ok {7}create user +ok 3\n$/);
  });

  it('shows equal changes once, with their hosts', async () => {
    const diff = [
      { what: '/etc/x', before: 'a\nb\n', after: 'a\nc\n', text: true },
      { what: 'mode', before: '0600', after: '0644' },
    ];
    const changed = (host: string) => result('1', host, { status: 'changed', result: { changed: true }, diff });
    const { out } = await report('plain', [start('1', hosts), changed('h1'), result('1', 'h2'), changed('h3')]);
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^changed {2}task 1 +ok 1 {2}changed 2$/);
    expect(lines.slice(1)).toEqual([
      '    h1 h3',
      '      --- before: /etc/x',
      '      +++ after: /etc/x',
      '      @@ -1,2 +1,2 @@',
      '       a',
      '      -b',
      '      +c',
      '      mode: 0600 -> 0644',
    ]);
  });

  it('shows once what differs only by the name of the host', async () => {
    const changed = (host: string) =>
      result('1', host, {
        status: 'changed',
        diff: [{ what: 'name', before: 'x', after: `node-1 ${host}.lan ${host}2` }],
      });
    const { out } = await report('plain', [start('1', ['h1', 'h2']), changed('h1'), changed('h2')]);
    expect(out).toMatch(/\n {4}h1\n {6}name: x -> node-1 h1\.lan h12\n {4}h2\n/);
    const alike = (host: string) =>
      result('1', host, { status: 'changed', diff: [{ what: 'name', before: 'x', after: `${host}.lan` }] });
    const shown = await report('plain', [start('1', ['h1', 'h2']), alike('h1'), alike('h2')]);
    expect(shown.out).toContain('    h1 h2\n      name: x -> <host>.lan\n');
  });

  it('says of a failure what, where, what the other side said, and what to do', async () => {
    const failed = result('1', 'h2', {
      status: 'failed',
      result: {
        failed: true,
        msg: 'non-zero return code',
        cmd: ['false', 'x'],
        rc: 1,
        stderr: 'no \u001b[31mluck\n',
        stdout: '',
      },
      hint: 'try again',
    });
    const { out } = await report('plain', [start('1', ['h1', 'h2']), result('1', 'h1'), failed]);
    expect(out.split('\n').slice(1, -1)).toEqual([
      '    failed h2',
      '      non-zero return code',
      '      command: false x',
      '      rc: 1',
      '      stderr:',
      '        no \\x1b[31mluck',
      '      at site.yml:3:5 (command)',
      '      hint: try again',
    ]);
  });

  it('names the items that failed instead of "One or more items failed"', async () => {
    const { out } = await report('plain', [
      start('1', ['h1']),
      result('1', 'h1', { item: 'a' }),
      result('1', 'h1', { item: 'b', status: 'failed', result: { failed: true, msg: 'bad b' } }),
      result('1', 'h1', { status: 'failed', result: { failed: true, msg: 'One or more items failed', results: [] } }),
    ]);
    expect(out).toContain('    failed h1 (b)\n      bad b\n');
    expect(out).not.toContain('One or more');
  });

  it('names hosts with the same items together', async () => {
    const six = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'];
    const changed = (host: string, item: string) => result('1', host, { item, status: 'changed' });
    const { out } = await report('plain', [
      start('1', six),
      ...six.flatMap((host) => [changed(host, '6379'), changed(host, '6380')]),
      ...six.map((host) => result('1', host, { status: 'changed' })),
      start('2', six),
      ...six.map((host) => result('2', host, { status: 'changed' })),
    ]);
    expect(out.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^changed {2}task 1 +changed 6$/),
      '    all 6 hosts (6379, 6380)',
      expect.stringMatching(/^changed {2}task 2 +changed 6$/),
    ]);
  });

  it('shows once what differs only by address and item', async () => {
    const changed = (host: string, item: string, address: string) =>
      result('1', host, {
        item,
        status: 'changed',
        diff: [{ what: '/c', before: '', after: `bind 127.0.0.1 ${address}\nport ${item}\n`, text: true }],
      });
    const { out } = await report('plain', [
      start('1', ['h1', 'h2']),
      changed('h1', '6379', '10.0.0.1'),
      changed('h1', '6380', '10.0.0.1'),
      changed('h2', '6379', '10.0.0.2'),
      result('1', 'h1', { status: 'changed' }),
      result('1', 'h2', { status: 'changed' }),
    ]);
    expect(out.split('\n').filter((line) => /^ {4}h|\+(bind|port)/.test(line))).toEqual([
      '    h1 (6379, 6380)  h2 (6379)',
      '      +bind 127.0.0.1 <address>',
      '      +port <item>',
    ]);
  });

  it('gives a sign of life when nothing was said for a while, and not more often than a log bears', async () => {
    const at = (second: number) => ({ time: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString() });
    const wait = (host: string, message: string, second: number) =>
      ({ event: 'wait', host, task: 'task 1', message, ...at(second) }) as const;
    const six = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'];
    const { out } = await report('plain', [
      { ...start('1', six), ...at(0) },
      ...six.map((host) => wait(host, 'sending redis', 1)),
      ...six.map((host) => wait(host, 'sending redis', 6)),
      { ...result('1', 'h6'), ...at(7) },
      wait('h1', 'compiling redis on h1: 19 s', 20),
      wait('h1', 'compiling redis on h1: 20 s', 21),
      ...six.slice(0, 5).map((host) => ({ ...result('1', host), ...at(40) })),
    ]);
    expect(out.split('\n').slice(0, -2)).toEqual([
      '       6.0 s  all 6 hosts: sending redis',
      '        21 s  compiling redis on h1: 20 s  (1 of 6 hosts done)',
      '              h2 h3 h4 h5: sending redis',
    ]);
  });

  it('tells with -v what went well, and what debug keeps for more of them', async () => {
    const events = [
      start('1', ['h1', 'h2']),
      ...['h1', 'h2'].map((host) => result('1', host, { result: { rc: 0, stdout: 'fine', stdout_lines: ['fine'] } })),
      start('2', ['h1'], 'deep', 'debug'),
      result('2', 'h1', { module: 'debug', result: { msg: 'depth', _verbosity: 2 } }),
    ];
    const [quiet, once, twice] = await Promise.all(
      [0, 1, 2].map((verbosity) => report('plain', events, [], verbosity)),
    );
    expect(quiet?.out).not.toMatch(/fine|depth/);
    expect(once?.out).toContain('    h1 h2\n      rc: 0\n      stdout: fine\n');
    expect(once?.out).not.toContain('depth');
    expect(twice?.out).toContain('    h1: depth\n');
  });

  it('shows messages of debug, alike ones once', async () => {
    const said = (host: string) => result('1', host, { module: 'debug', result: { msg: 'hello' } });
    const { out } = await report('plain', [start('1', hosts, 'greet', 'debug'), ...hosts.map(said)]);
    expect(out.split('\n')[1]).toBe('    h1 h2 h3: hello');
  });

  it('says a warning of many hosts once, after the line of its task', async () => {
    const warning = (host: string) => ({ event: 'warning', message: 'swap is on', host }) as const;
    const { out } = await report('plain', [
      start('1', ['h1', 'h2']),
      warning('h2'),
      result('1', 'h2'),
      warning('h1'),
      result('1', 'h1'),
      { event: 'warning', message: 'no hosts matched', path: 'site.yml:1:1' },
    ]);
    expect(out.split('\n').slice(1)).toEqual([
      'warning: swap is on (h1 h2)',
      'warning: no hosts matched (site.yml:1:1)',
      '',
    ]);
    expect(out).toMatch(/^ok .* ok 2\n/);
  });

  it('says a warning that names its host once for all of them', async () => {
    const six = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'];
    const { out } = await report('plain', [
      start('1', six),
      ...six.map((host) => ({ event: 'warning', message: `${host}:6379 is no service`, host }) as const),
      ...six.map((host) => result('1', host)),
    ]);
    expect(out.split('\n').slice(1)).toEqual(['warning: <host>:6379 is no service (all 6 hosts)', '']);
  });

  it('draws the cluster in the words that its users know', async () => {
    const node = { zone: 'z1', link: null, version: '7.0.15', replica_of: null };
    const cluster = {
      nodes: [
        { ...node, id: 'aaa', host: 'h1', port: 7000, role: 'master', slots: '0-16383' },
        { ...node, id: 'bbb', host: 'h2', port: 7000, role: 'replica', slots: '', replica_of: 'h1:7000', zone: null },
      ],
    };
    const { out } = await report('plain', [start('1', ['h1']), result('1', 'h1', { result: { cluster } })]);
    expect(out.split('\n').slice(1, -1)).toEqual([
      '    M: aaa h1:7000 (z1)',
      '       slots:0-16383 (16384 slots) master',
      '    S: bbb h2:7000',
      '       replicates aaa (h1:7000)',
      '    [OK] All 16384 slots covered.',
    ]);
  });

  it('ends with who needs attention, what is owed, and the verdict', async () => {
    const { out } = await report('plain', [
      end({
        exit: 4,
        message: 'no hosts left',
        stats: { h1: stats({ ok: 3, changed: 1 }), h2: stats({ failed: 1 }), h3: stats({ unreachable: 1 }) },
        owed: [
          { host: 'h2', handler: 'restart redis', playbook: '/a/cluster.yml' },
          { host: 'h1', handler: 'restart redis', playbook: '/a/other.yml' },
          { host: 'h3', handler: 'restart redis', playbook: '/a/cluster.yml' },
        ],
      }),
    ]);
    expect(out.split('\n')).toEqual([
      '',
      'RECAP',
      '  h2  ok 0  changed 0                 failed 1',
      '  h3  ok 0  changed 0  unreachable 1',
      '  h1  ok 3  changed 1',
      '  failed: h2',
      '  unreachable: h3',
      '  still owed: restart redis on h2 h3 (the next run of /a/cluster.yml does it)',
      '  still owed: restart redis on h1 (the next run of /a/other.yml does it)',
      '',
      'hosts unreachable (exit 4)  3 hosts, 1 changed, 1.2 s: no hosts left',
      'next: see why h3 does not answer, then run the same command again: what is done stays done',
      '',
    ]);
  });

  it('lists the reasons of a refusal, alike ones once', async () => {
    const refusals = ['h1:6379 (10.0.0.1:6379) holds keys', 'h2:6379 (10.0.0.2:6379) holds keys', 'h3:6379 is silent'];
    const refused = {
      failed: true,
      msg: `nothing was changed: ${refusals.join('; ')}`,
      refusals,
      steps: ['h3: meet h1'],
    };
    const { out } = await report('plain', [
      start('1', ['h1']),
      result('1', 'h1', { status: 'failed', result: refused }),
    ]);
    expect(out.split('\n').slice(1, -1)).toEqual([
      '    failed h1',
      '      nothing was changed:',
      '        - h1 h2: <host>:6379 (<address>:6379) holds keys',
      '        - h3:6379 is silent',
      '      done before that:',
      '        h3: meet h1',
      '      at site.yml:3:5 (command)',
    ]);
  });

  it('keeps the addresses of what failed, and says whose the good lines beside it are', async () => {
    const lost = (host: string, address: string) =>
      result('1', host, { status: 'unreachable', result: { msg: `No connection to ${address}:22` } });
    const { out } = await report('plain', [
      start('1', hosts),
      result('1', 'h1', { status: 'changed' }),
      lost('h2', '10.0.0.2'),
      lost('h3', '10.0.0.3'),
    ]);
    expect(out.split('\n').slice(1, -1)).toEqual([
      '    changed h1',
      '    unreachable h2 h3',
      '      No connection to <address>:22',
      '      at site.yml:3:5 (command)',
      '      <address>: 10.0.0.2 10.0.0.3',
    ]);
  });

  it('names the task that an interrupt left unfinished', async () => {
    const message = 'interrupted: what ran was ended';
    const { out } = await report('plain', [start('1', hosts), result('1', 'h2'), end({ exit: 130, message })]);
    expect(out).toMatch(/^stopped {2}task 1: not finished on h1 h3\n/);
    expect(out).toMatch(
      /\ninterrupted \(exit 130\) {2}0 hosts, 0 changed, 1\.2 s: what ran was ended\nnext: run the same/,
    );
  });

  it('says of a check that it changed nothing', async () => {
    const { out } = await report('plain', [
      { event: 'run_start', playbooks: ['p.yml'], inventory: ['i'], check: true, version: '1' },
      end({ stats: { h1: stats({ changed: 3 }) } }),
    ]);
    expect(out).toContain('done  1 host, 3 would change, 1.2 s\n');
  });

  it('hides secrets wherever they come from', async () => {
    const secret = 'hunter2 "q"';
    const leak = { failed: true, msg: `auth ${secret}`, stderr: JSON.stringify({ password: secret }) };
    for (const kind of ['plain', 'json', 'ansible'] as const) {
      const { out } = await report(
        kind,
        [start('1', ['h1']), result('1', 'h1', { status: 'failed', result: leak })],
        [secret],
      );
      expect(out).toContain('********');
      expect(out).not.toContain('hunter2');
    }
  });
});

describe('suitableKind', () => {
  it('moves things only on a terminal with columns, outside of CI', () => {
    expect(suitableKind({ isTTY: true, columns: 80 }, {})).toBe('tty');
    expect(suitableKind({ isTTY: true, columns: 0 }, {})).toBe('plain');
    expect(suitableKind({ columns: 80 }, {})).toBe('plain');
    expect(suitableKind({ isTTY: true, columns: 80 }, { CI: 'true' })).toBe('plain');
  });
});
