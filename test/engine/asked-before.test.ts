import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AskedBefore } from '../../src/state/asked-before.ts';
import { directoryWith, play } from './play.ts';

const inventory = 'all: {hosts: {h1: {ansible_connection: local}}}';

/** Two plays that look at two files; `between` stands at the end of the first. */
const twoPlays = (between = '') => `
- hosts: all
  gather_facts: false
  tasks:
    - stat: {path: '{{ playbook_dir }}/one'}
    ${between}
- name: Second
  hosts: all
  gather_facts: false
  tasks:
    - stat: {path: '{{ playbook_dir }}/two'}
      register: two
    - debug: {msg: '{{ two.stat.exists }}'}
`;

/** Runs it in check mode, which heeds no lock, and removes the file `two` when the second play begins. Returns whether that play saw it. */
async function sawTwo(text: string, cacheDir: string, secret?: string): Promise<unknown> {
  const dir = join(cacheDir, 'play');
  const two = join(dir, 'two');
  writeFileSync(join(dir, 'play.yml'), text);
  writeFileSync(two, '');
  const askedBefore = new AskedBefore(cacheDir, [dir], (script) => secret !== undefined && script.includes(secret));
  const { results, exit } = await play(join(dir, 'play.yml'), join(dir, 'hosts.yml'), {
    check: true,
    askedBefore,
    watch: (event) => {
      if (event.event === 'play_start' && event.play === 'Second') rmSync(two);
    },
  });
  expect(exit).toBe(0);
  askedBefore.keep();
  return results.find(({ module }) => module === 'debug')?.result.msg;
}

function cache(): string {
  return directoryWith({ 'play/hosts.yml': inventory, 'play/one': '' });
}

describe('questions of the last run', () => {
  test('are asked at the beginning, whatever play they belong to', async () => {
    const dir = cache();
    expect(await sawTwo(twoPlays(), dir)).toBe(false);
    expect(await sawTwo(twoPlays(), dir)).toBe(true);
    expect(await sawTwo(twoPlays(), dir)).toBe(true);
  });

  test('are asked again once something was waited for', async () => {
    const dir = cache();
    const wait =
      "- stat: {path: '{{ playbook_dir }}/one'}\n      until: false\n      retries: 1\n      delay: 0\n      ignore_errors: true";
    await sawTwo(twoPlays(wait), dir);
    expect(await sawTwo(twoPlays(wait), dir)).toBe(false);
  });

  test('that hold a secret are not kept', async () => {
    const dir = cache();
    await sawTwo(twoPlays(), dir, '/two');
    expect(await sawTwo(twoPlays(), dir, '/two')).toBe(false);
    const [file = ''] = readdirSync(join(dir, 'questions'));
    const text = readFileSync(join(dir, 'questions', file), 'utf8');
    expect(text).toContain('/one');
    expect(text).not.toContain('/two');
  });

  test('do no harm when they cannot be asked any more', async () => {
    const dir = cache();
    await sawTwo(twoPlays(), dir);
    const [file = ''] = readdirSync(join(dir, 'questions'));
    const kept = join(dir, 'questions', file);
    // More output than one message may have, of what no task wants.
    const questions = JSON.parse(readFileSync(kept, 'utf8'));
    questions.questions = questions.questions.map((each: { script: string }) =>
      each.script.includes('/two') ? { ...each, script: "head -c 9000000 /dev/zero | tr '\\0' x" } : each,
    );
    writeFileSync(kept, JSON.stringify(questions));
    expect(await sawTwo(twoPlays(), dir)).toBe(false);
  });
});

describe('the file of questions', () => {
  const question = { become: '', script: 'true', stats: ["'/a'"] };
  const isSecret = () => false;

  test('tells the next run what this one asked, per host and user, each script once', () => {
    const dir = mkdtempSync(join(tmpdir(), 'rcdeploy-cache-'));
    const first = new AskedBefore(dir, ['a'], isSecret);
    first.note('h1', question);
    first.note('h1', { ...question, become: 'sudo root' });
    first.note('h1', question);
    first.note('h2', question);
    first.keep();
    const second = new AskedBefore(dir, ['a'], isSecret);
    expect(second.of('h1')).toEqual([question, { ...question, become: 'sudo root' }]);
    expect(second.of('h2')).toEqual([question]);
    expect(second.of('h3')).toEqual([]);
    expect(new AskedBefore(dir, ['b'], isSecret).of('h1')).toEqual([]);
    const [file = ''] = readdirSync(join(dir, 'questions'));
    expect(statSync(join(dir, 'questions', file)).mode & 0o777).toBe(0o600);
  });

  test.each([
    '',
    '{',
    '[]',
    '{"questions":[1],"hosts":{}}',
    '{"questions":[],"hosts":{"h1":{"":[7]}}}',
    '{"questions":[],"hosts":{"h1":{"":7}}}',
  ])('that makes no sense is none: %s', (text) => {
    const dir = mkdtempSync(join(tmpdir(), 'rcdeploy-cache-'));
    const first = new AskedBefore(dir, ['a'], isSecret);
    first.note('h1', question);
    first.keep();
    const [file = ''] = readdirSync(join(dir, 'questions'));
    writeFileSync(join(dir, 'questions', file), text);
    expect(new AskedBefore(dir, ['a'], isSecret).of('h1')).toEqual([]);
  });
});
