import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { places, read } from '../playbook/files.ts';
import { directoryWith, play } from './play.ts';

const inventory = 'localhost,';

/** Tasks that end well, in order, of a play whose only task notifies. */
async function ran(handlers: string, files: Readonly<Record<string, string>>): Promise<string[]> {
  const text = `- hosts: all
  connection: local
  gather_facts: false
  tasks:
    - {name: go, debug: , changed_when: true, notify: [inc]}
  handlers:
${handlers}`;
  const dir = directoryWith({ 'site.yml': text, ...files });
  const { results } = await play(join(dir, 'site.yml'), inventory, { check: true });
  return results.map(({ task, status }) => `${task}: ${status}`);
}

describe('include_tasks as a handler', () => {
  const files = {
    'inc.yml': '- {name: one, debug: }\n- {name: two, debug: , changed_when: true, notify: last, tags: never}\n',
  };

  it('runs all of its file when it was notified, and that may notify others', async () => {
    const handlers = '    - {name: inc, include_tasks: inc.yml}\n    - {name: last, debug: }\n';
    expect(await ran(handlers, files)).toEqual(['go: changed', 'inc: ok', 'one: ok', 'two: changed', 'last: ok']);
  });

  it('may listen to a topic, loop, and have a condition', async () => {
    const handlers = `    - {name: by topic, listen: inc, include_tasks: "{{ item }}.yml", loop: [inc], when: item == 'inc'}
    - {name: not, listen: inc, include_tasks: inc.yml, when: false}
    - {name: last, debug: }
`;
    expect(await ran(handlers, files)).toEqual([
      'go: changed',
      'by topic: ok',
      'by topic: ok',
      'one: ok',
      'two: changed',
      'not: skipped',
      'last: ok',
    ]);
  });

  it.each([
    ['a role', '- {name: x, include_role: {name: a}}', '4:17 not-supported'],
    ['a block in its file', '- {name: x, include_tasks: block.yml}', '1:3 not-supported'],
    ['an instruction', '- meta: noop', '4:7 not-supported'],
  ])('%s is refused with its place', (_what, handler, expected) => {
    const text = `- hosts: all\n  tasks: []\n  handlers:\n    ${handler}\n`;
    expect(places(read(text, { 'block.yml': '- block: [{ping: }]\n' }).diagnostics)).toEqual([expected]);
  });
});
