import { describe, expect, it } from 'vitest';
import { formatDiagnostic } from '../../src/source/diagnostics.ts';
import { nearest } from '../../src/source/nearest.ts';
import { spanOf } from '../../src/source/positions.ts';
import { parseYaml } from '../../src/source/yaml-file.ts';

describe('diagnostics', () => {
  it('show the place, the lines around it and what to do', () => {
    const { value } = parseYaml('first: 1\nsecond:\n  third: wrong\nfourth: 4\n', 'frame.yml');
    const span = spanOf((value as { second: unknown }).second, 'third');
    const text = formatDiagnostic({
      severity: 'error',
      code: 'bad-value',
      message: 'not a number',
      span,
      hint: 'write 3',
    });
    expect(text.split('\n')).toEqual([
      'frame.yml:3:10: error[bad-value]: not a number',
      '  1 | first: 1',
      '  2 | second:',
      '  3 |   third: wrong',
      '    |          ^^^^^',
      '  4 | fourth: 4',
      '  = help: write 3',
    ]);
  });

  it('do without a frame where there is no source', () => {
    expect(formatDiagnostic({ severity: 'warning', code: 'x', message: 'y' })).toBe('warning[x]: y');
  });
});

describe('the nearest name', () => {
  it('is what was probably meant, or nothing', () => {
    expect(nearest('notfy', ['name', 'notify', 'when'])).toBe('notify');
    expect(nearest('WHEN', ['name', 'when'])).toBe('when');
    expect(nearest('zebra', ['name', 'when'])).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
  });
});
