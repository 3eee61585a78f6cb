import { expect, test } from 'vitest';
import { directoryWith, play } from './play.ts';

// Of three files that are looked at together one cannot be opened, by a shell without a terminal: its task alone is told why.
const playbook = `
- hosts: all
  gather_facts: false
  tasks:
    - {name: fine, slurp: {src: /etc/passwd}}
    - {name: broken, slurp: {src: /dev/tty}, ignore_errors: true}
    - {name: fine too, stat: {path: /etc/passwd}}
`;

test('what stands on stderr is told by the task whose look it was', async () => {
  const dir = directoryWith({ 'hosts.yml': 'all: {hosts: {h1: {ansible_connection: local}}}' });
  const { results } = await play(playbook, `${dir}/hosts.yml`, { check: true });
  expect(results.map(({ status }) => status)).toEqual(['ok', 'ignored', 'ok']);
  expect(JSON.stringify(results[1]?.result)).toMatch(/reading .dev.tty failed.*No such device/);
  expect(JSON.stringify([results[0]?.result, results[2]?.result])).not.toContain('device or');
});
