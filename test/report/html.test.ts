import { expect, test } from 'vitest';
import type { RunEvent } from '../../src/report/contract.ts';
import { HtmlRenderer } from '../../src/report/html.ts';
import { end, result, start, stats } from './events.ts';

const began: RunEvent = {
  event: 'run_start',
  playbooks: ['site.yml'],
  inventory: ['hosts'],
  check: false,
  version: '1.2.3',
};
const play: RunEvent = {
  event: 'play_start',
  play: 'p',
  hosts: ['h1', 'h2'],
  path: 'site.yml:1:1',
  batch: ['h1', 'h2'],
};
const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();

/** The page of a run of these events, two seconds apart. */
function page(events: readonly RunEvent[], showDiff = false): string {
  let text = '';
  const renderer = new HtmlRenderer(
    (written) => {
      text += written;
    },
    { showDiff },
  );
  for (const [index, event] of events.entries()) renderer.handle({ ...event, time: at(index * 2) });
  return text;
}

const changedFile = result('1', 'h1', {
  status: 'changed',
  diff: [{ what: '/etc/motd', before: 'old line\n', after: 'new line\n', text: true }],
});

test('plays, tasks with their times, hosts, what changed and what is owed are in one page', () => {
  const text = page([
    began,
    play,
    start('1', ['h1', 'h2'], 'write it'),
    changedFile,
    result('1', 'h2'),
    start('2', ['h1', 'h2'], 'try it'),
    result('2', 'h1', { status: 'failed', result: { msg: 'no luck', rc: 3 }, hint: 'try again' }),
    { event: 'warning', host: 'h2', message: 'its clock is off' },
    end({
      exit: 2,
      stats: { h1: stats({ changed: 1, failed: 1 }), h2: stats({ ok: 1 }) },
      owed: [{ host: 'h1', handler: 'restart', playbook: 'site.yml' }],
      not_finished: ['h2'],
    }),
  ]);
  expect(text).toContain('<h1 class="failed">Failed: 2 hosts, 1 changed, 1.2 s</h1>');
  expect(text).toContain(
    '<tr><td class="failed">h1</td><td class="dim">0</td><td class="changed">1</td><td class="failed">1</td></tr>',
  );
  expect(text).toMatch(
    /<summary><b>write it<\/b>.*<span class="ok">ok 1<\/span> <span class="changed">changed 1<\/span>.*width:100%.*4\.0 s/,
  );
  expect(text).toMatch(/<details id="task-2" open><summary><b>try it<\/b>.*width:50%/);
  expect(text).toContain('<li><b>h1</b>: <a href="#task-2">try it</a>: no luck</li>');
  expect(text).toContain('<pre>no luck\nrc: 3\nat site.yml:3:5 (command)\nhint: try again</pre>');
  for (const line of ['h1: restart (site.yml)', 'h2', 'its clock is off (h2)'])
    expect(text).toContain(`<li>${line}</li>`);
});

test('what is alike on several hosts stands there once, and items of a loop by themselves', () => {
  const diff = [{ what: 'mode', before: '0600', after: '0644' }];
  const item = (host: string) => result('1', host, { status: 'changed', item: 'one', diff });
  const text = page(
    [
      began,
      play,
      start('1', ['h1', 'h2']),
      ...[item('h2'), item('h1')],
      ...['h1', 'h2'].map((host) => result('1', host, { status: 'changed', result: { results: [] } })),
      { event: 'warning', host: 'h2', message: 'slow disk' },
      { event: 'warning', host: 'h1', message: 'slow disk' },
      end({ stats: { h1: stats({ changed: 1 }), h2: stats({ changed: 1 }) } }),
    ],
    true,
  );
  expect(text.match(/0600 -&gt; 0644/g)).toHaveLength(1);
  expect(text).toContain('<p class="changed"><b>h1 h2 (one)</b> changed</p>');
  expect(text).toContain('<li>slow disk (h1 h2)</li>');
});

test('a diff stands there only when diffs were asked for', () => {
  const events = [began, play, start('1', ['h1']), changedFile, end()];
  expect(page(events)).toContain('<pre>/etc/motd</pre>');
  expect(page(events)).not.toContain('new line');
  expect(page(events, true)).toContain('<del>-old line</del>\n<ins>+new line</ins>');
});

test('text of hosts makes no markup, loads nothing and runs nothing', () => {
  const evil = '"><script>alert(1)</script><img src=//evil onerror=x>\u001b[2J';
  const text = page(
    [
      { ...began, playbooks: [evil] } as RunEvent,
      { ...play, play: evil } as RunEvent,
      start('1', [evil], evil),
      result('1', evil, { status: 'failed', item: evil, result: { msg: evil, [evil]: evil }, hint: evil }),
      result('1', evil, { status: 'changed', diff: [{ what: evil, before: evil, after: evil }] }),
      { event: 'warning', message: evil },
      end({
        stats: { [evil]: stats({ failed: 1 }) },
        owed: [{ host: evil, handler: evil, playbook: evil }],
        message: evil,
      }),
    ],
    true,
  );
  expect(text).not.toContain('\u001b');
  expect([...text.matchAll(/<(\w+)/g)].map(([, name]) => name)).not.toEqual(expect.arrayContaining(['script']));
  expect(text).not.toContain('<img');
  expect(text).toContain("default-src 'none'");
});

test('the cluster that a run leaves is drawn, the last word of it', () => {
  const node = { id: 'abc', host: 'h1', port: 7000, zone: 'east', role: 'master', slots: '0-16383', replica_of: null };
  const cluster = (slots: string) => ({ cluster: { nodes: [{ ...node, slots }] } });
  const text = page([
    began,
    play,
    start('1', ['h1']),
    result('1', 'h1', { status: 'changed', result: cluster('0-100') }),
    start('2', ['h1']),
    result('2', 'h1', { result: cluster('0-16383') }),
    end(),
  ]);
  expect(text).toContain('M: abc h1:7000 (east)\n   slots:0-16383 (16384 slots) master\n[OK] All 16384 slots covered.');
  expect(text).not.toContain('[ERR]');
});
