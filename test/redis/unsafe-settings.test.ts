import { expect, test } from 'vitest';
import { settingLines } from '../../src/redis/conf/conf-settings.ts';
import { unsafeSettings } from '../../src/redis/conf/unsafe-settings.ts';

/** What is said of a node with these settings. */
function told(settings: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(settings).flatMap(([name, value]) => {
    const line = settingLines(name, value);
    return line === undefined ? [] : [[name, line] as const];
  });
  return unsafeSettings(new Map(lines)).join('\n');
}

const open = { port: 7000, bind: '10.0.0.1 127.0.0.1', 'protected-mode': false };

test('a node without a password that everybody reaches is named', () => {
  expect(told(open)).toContain('lets in everybody who reaches it');
  expect(told({ ...open, bind: '*' })).toContain('everybody');
  expect(told({ ...open, requirepass: '' })).toContain('everybody');
  expect(told({ ...open, user: [['app', 'on', '#1', '+@all']] })).toContain('everybody');
  expect(told({ ...open, user: [['default', 'on', 'nopass', '+@all']] })).toContain('everybody');
  expect(told({ ...open, port: 0, 'tls-port': 7000, 'tls-auth-clients': 'optional' })).toContain('everybody');
});

test.each([
  ['protected-mode', { 'protected-mode': true }],
  ['a password', { requirepass: 'x' }],
  ['an ACL file', { aclfile: '/etc/acl' }],
  ['a password of the default user', { user: [['default', 'on', '#1', '+@all']] }],
  ['no default user', { user: [['default', 'off']] }],
  ['certificates of clients', { port: 0, 'tls-port': 7000 }],
  ['addresses of this host alone', { bind: '127.0.0.1 -::1' }],
])('%s guards it', (_what, more) => {
  expect(told({ ...open, ...more })).toBe('');
});

test('commands that hand out the host, and a node that keeps nothing, are named', () => {
  expect(told({ 'enable-module-command': true })).toContain('enable-module-command yes');
  expect(told({ 'enable-module-command': 'local' })).toBe('');
  expect(told({ appendonly: false, save: '' })).toContain('saves nothing');
  expect(told({ save: [] })).toContain('saves nothing');
  expect(told({ appendonly: true, save: '' })).toBe('');
  expect(told({ appendonly: false })).toBe('');
  expect(told({ appendonly: false, save: '900 1' })).toBe('');
});
