import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatMode, resolveMode } from '../../src/modules/mode.ts';

test('octal text is taken as it is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0o7777 }), (bits) => resolveMode(formatMode(bits), 0, false) === bits),
  );
});

test.each(['u', 'rw', 'u=rwz', '888', 'x=r', ''])('%j is no mode', (mode) => {
  expect(() => resolveMode(mode, 0o644, false)).toThrow('neither octal nor symbolic');
});

const action = fc.tuple(
  fc.constantFrom('+', '-', '='),
  fc.constantFrom('r', 'w', 'x', 'X', 'rw', 'rX', 'rwx', 'u', 'g', 'o', 's', 't', ''),
);
const clause = fc
  .tuple(fc.constantFrom('u', 'g', 'o', 'a', 'ug', 'go', ''), action)
  .map(([who, [operator, letters]]) => who + operator + letters);
const modes = fc.array(clause, { minLength: 1, maxLength: 3 }).map((clauses) => clauses.join(','));

test('symbolic modes mean what chmod makes of them', () => {
  const root = mkdtempSync(join(tmpdir(), 'rcdeploy-mode-'));
  const [file, directory] = [join(root, 'file'), join(root, 'directory')];
  writeFileSync(file, '');
  mkdirSync(directory);
  try {
    fc.assert(
      fc.property(modes, fc.integer({ min: 0, max: 0o7777 }), fc.boolean(), (mode, bits, isDirectory) => {
        const path = isDirectory ? directory : file;
        chmodSync(path, bits);
        execFileSync('/bin/sh', ['-c', 'umask 022; exec chmod -- "$1" "$2"', 'sh', mode, path], { stdio: 'ignore' });
        expect(formatMode(resolveMode(mode, bits, isDirectory))).toBe(formatMode(statSync(path).mode & 0o7777));
      }),
      { numRuns: 60 },
    );
  } finally {
    rmSync(root, { recursive: true });
  }
});
