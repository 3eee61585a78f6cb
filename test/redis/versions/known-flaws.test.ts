import { describe, expect, it } from 'vitest';
import { flawsOf, flawTable, flawText, mendedVersion } from '../../../src/redis/versions/known-flaws.ts';
import { parseServerVersion } from '../../../src/redis/versions/server-version.ts';

function server(text: string) {
  const version = parseServerVersion(text);
  if (!version) throw new Error(text);
  return version;
}

const has = (version: string, id: string) => flawsOf(server(version)).some((flaw) => flaw.id === id);

describe('published flaws by version', () => {
  it.each([
    ['redis 4.0.7', 'CVE-2021-32626', true],
    ['redis 6.2.19', 'CVE-2025-49844', true],
    ['redis 6.2.20', 'CVE-2025-49844', false],
    ['redis 7.0.15', 'CVE-2025-49844', true],
    ['redis 8.0.2', 'CVE-2025-32023', true],
    ['redis 8.4.0', 'CVE-2025-49844', false],
    ['redis 7.0.8', 'CVE-2023-41056', false],
    ['redis 7.0.14', 'CVE-2023-41056', true],
    ['redis 6.2.21', 'CVE-2026-23631', false],
    ['redis 8.10.0', 'CVE-2026-25243', false],
    ['valkey 8.1.1', 'CVE-2025-49844', true],
    ['valkey 8.1.1', 'CVE-2025-21605', false],
    ['valkey 8.1.1', 'CVE-2022-24834', false],
    ['valkey 9.0.1', 'CVE-2026-27623', true],
    ['valkey 8.1.5', 'CVE-2026-27623', false],
  ])('%s has %s: %s', (version, id, expected) => {
    expect(has(version, id)).toBe(expected);
  });

  it.each([
    ['redis 4.0.7', '6.2.22'],
    ['redis 7.0.15', '7.2.14'],
    ['redis 8.0.6', '8.2.6'],
    ['valkey 8.1.1', '8.1.7'],
  ])('from %s on, %s has none', (version, mended) => {
    expect(mendedVersion(server(version))).toBe(mended);
  });

  it.each([
    [
      false,
      /^redis 8\.0\.2 has CVE-2025-32023, .*, as published until 20\d\d-\d\d-\d\d; redis 8\.2\.6 has none of them$/,
    ],
    [true, /, as published until 20\d\d-\d\d-\d\d, unless who built it mended that; redis 8\.2\.6 has none of them$/],
  ])('are told with their date and the way out (built by somebody else: %s)', (mayBeMended, expected) => {
    expect(flawText(server('redis 8.0.2'), mayBeMended)).toMatch(expected);
    expect(flawText(server('redis 8.2.8'), mayBeMended)).toBeUndefined();
  });

  it('tells of each flaw what it allows, and only of lines that are in order', () => {
    for (const { id, what, fixed } of flawTable().flaws) {
      expect(id).toMatch(/^CVE-\d{4}-\d{4,}$/);
      expect(what).not.toBe('');
      for (const fixes of Object.values(fixed)) {
        expect(new Set(fixes.map((fix) => fix.split('.').slice(0, 2).join('.'))).size).toBe(fixes.length);
        expect(fixes).toEqual(fixes.toSorted((a, b) => a.localeCompare(b, undefined, { numeric: true })));
      }
    }
  });

  it('the version that is installed by default has none', () => {
    expect(flawsOf(server('redis 8.2.8'))).toEqual([]);
  });
});
