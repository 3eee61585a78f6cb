import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isAlive, parseStat, readProcess } from '../../src/lab/processes.ts';

const rest = 'S 7 41 41 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 2580480 25';

test('a process is told by its start time, whatever it calls itself', () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      const line = `41 (${name.replaceAll('\n', '')}) ${rest}`;
      expect(parseStat(line)).toEqual({ pid: 41, parent: 7, startTime: '98765', state: 'S' });
    }),
  );
  expect(parseStat(`41 (a) S 1 (b) R 1 2) ${rest}`)?.startTime).toBe('98765');
});

test('what is not a whole line names no process', () => {
  expect(parseStat('')).toBeUndefined();
  expect(parseStat('41 (sh) S 7 41')).toBeUndefined();
});

test.runIf(existsSync('/proc/self/stat'))('a later process with the same pid is another process', async () => {
  const self = await readProcess('self');
  expect(self).toBeDefined();
  if (!self) return;
  expect(await isAlive(self)).toBe(true);
  expect(await isAlive({ ...self, startTime: '1' })).toBe(false);
});
