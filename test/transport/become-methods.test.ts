import { expect, test } from 'vitest';
import { becomeMethods, becomeName } from '../../src/transport/become-methods.ts';
import type { Become } from '../../src/transport/contract.ts';

const plain = { method: 'sudo', user: 'redis', password: undefined } as const;

test.each<[Become, string]>([
  [plain, "sudo -n -u redis /bin/sh -c 'B'"],
  [{ ...plain, password: 'x' }, "sudo -S -p P -u redis /bin/sh -c 'B'"],
  [{ ...plain, exe: ['/opt/sudo'], flags: ['-H', '-E'] }, "/opt/sudo -H -E -n -u redis /bin/sh -c 'B'"],
  [{ ...plain, password: 'x', flags: ['-n', '-Hn', '--non-interactive'] }, "sudo -H -S -p P -u redis /bin/sh -c 'B'"],
  [{ ...plain, method: 'su' }, "su -s /bin/sh -c 'B' redis"],
  [{ ...plain, method: 'su', exe: ['sudo', 'su'], flags: ['-l'] }, "sudo su -l -s /bin/sh -c 'B' redis"],
  [{ ...plain, method: 'doas' }, "doas -n -u redis /bin/sh -c 'B'"],
  [{ ...plain, method: 'doas', password: 'x', flags: ['-C', '/a'] }, "doas -C /a -u redis /bin/sh -c 'B'"],
])('%j is called so', (become, command) => {
  expect(becomeMethods[become.method]?.command({ become, boot: 'B', prompt: 'P' })).toBe(
    `exec env LC_ALL=C ${command}`,
  );
});

test('ways to become the same user have names of their own', () => {
  const ways: Become[] = [plain, { ...plain, exe: ['/a'] }, { ...plain, flags: ['/a'] }, { ...plain, method: 'su' }];
  expect(new Set(ways.map(becomeName)).size).toBe(ways.length);
  expect(becomeName(plain)).toBe('sudo redis');
});
