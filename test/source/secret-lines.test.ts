import { expect, test } from 'vitest';
import { withoutSecrets } from '../../src/source/secret-lines.ts';

test.each([
  ['redis_password: hunter2', 'redis_password: *******'],
  ['  ansible_become_pass: "a b"  # x', '  ansible_become_pass: ** **  * *'],
  ['vars: {db_token: abc, port: 1}', 'vars: {db_token: **** ***** **'],
  ['{"redis_password":"x{{"}', '{"redis_password":******'],
  ['h1 ansible_password=hunter2', 'h1 ansible_password=*******'],
  ['- requirepass: hunter2', '- requirepass: *******'],
  ['password: "{{ x | default(\'hunter2\') }}"', 'password: *** * * ****************** ***'],
  ['password: "{{ redis_password | default(omit) }}"', 'password: "{{ redis_password | default(omit) }}"'],
  ['redis_password:', 'redis_password:'],
  ['no_log: true', 'no_log: true'],
  ['name: the password of the node', 'name: the password of the node'],
])('%j is shown as %j', (line, shown) => {
  expect(withoutSecrets(line)).toBe(shown);
});
