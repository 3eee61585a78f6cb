import { describe, expect, it } from 'vitest';
import { canFollow, describeHop, judgeHop } from '../../../src/redis/versions/hop.ts';
import { compareVersions, parseServerVersion, type ServerVersion } from '../../../src/redis/versions/server-version.ts';

function version(text: string): ServerVersion {
  const parsed = parseServerVersion(text);
  if (!parsed) throw new Error(text);
  return parsed;
}

/**
 * One of each line, and both sides of every edge within a line. A row is what runs, a column (in the same order) what shall come:
 * `+` may be gone node by node with data in it, `=` is the version itself, and all others must be refused.
 */
const TABLE = `
  redis 3.2.13  = . . . . . . . . . . . . . . . .
  redis 4.0.7   . = + + + + . . . . . . . . . . .
  redis 5.0.14  . . = + + + . . . . . . . . . . .
  redis 6.0.20  . . . = + + . . . . . . . . . . .
  redis 6.2.14  . . . . = + . . . . . . . . . . .
  redis 7.0.15  . . . . . = . . + + + + + + + + +
  redis 7.2.0   . . . . . . = + + + + + + + + + +
  redis 7.2.3   . . . . . . . = + + + + + + + + +
  redis 7.2.4   . . . . . . . . = + + + + + + + +
  redis 7.4.1   . . . . . . . . . = + + + . . . .
  redis 8.0.2   . . . . . . . . . . = + + . . . .
  redis 8.2.8   . . . . . . . . . . . = + . . . .
  redis 8.10.0  . . . . . . . . . . . . = . . . .
  valkey 7.2.5  . . . . . . . . . . . . . = + + +
  valkey 8.0.1  . . . . . . . . . . . . . . = + +
  valkey 8.1.1  . . . . . . . . . . . . . . . = +
  valkey 9.1.2  . . . . . . . . . . . . . . . . =
`;

const ROWS = TABLE.trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/))
  .map(([flavor, number, ...cells]) => ({ from: `${flavor} ${number}`, cells }));
const VERSIONS = ROWS.map(({ from }) => from);
const PAIRS = ROWS.flatMap(({ from, cells }) =>
  VERSIONS.map((to, column) => [from, to, cells[column] !== '.'] as const),
);

describe('the way from one version to another', () => {
  it.each(PAIRS)('%s to %s: %s', (from, to, safe) => {
    expect(judgeHop(version(from), version(to), true).safe).toBe(safe);
  });

  it('the table has a cell for every pair', () => {
    for (const [row, { from, cells }] of ROWS.entries()) {
      expect(cells, from).toHaveLength(VERSIONS.length);
      expect(cells.indexOf('='), from).toBe(row);
    }
  });

  it('a way that is named is safe itself', () => {
    for (const [from, to] of PAIRS) {
      const hop = judgeHop(version(from), version(to), true);
      if (hop.safe) continue;
      const stops = hop.path.map(
        (stop) => VERSIONS.find((one) => one === stop || one.startsWith(`${stop}.`) || stop.startsWith(one)) ?? stop,
      );
      let at = from;
      for (const stop of stops) {
        expect(judgeHop(version(at), version(stop), true), `${from} to ${to} by ${hop.path}`).toEqual({ safe: true });
        at = stop;
      }
    }
  });

  it('says why not, by which way, and as of when', () => {
    const told = (from: string, to: string): string => {
      const hop = judgeHop(version(from), version(to), true);
      return hop.safe ? 'safe' : describeHop(version(from), version(to), hop);
    };
    expect(told('redis 6.2.14', 'redis 7.4.1')).toMatch(
      /^redis 6\.2\.14 cannot be replaced by redis 7\.4\.1 node by node: nodes before 7\.0 drop the bus messages.*; go by redis 7\.0, then redis 7\.4\.1 \(table of 20\d\d-/,
    );
    expect(told('redis 7.0.15', 'redis 7.2.3')).toMatch(/go by redis 7\.2\.4 or later/);
    expect(told('redis 8.0.2', 'redis 7.0.15')).toMatch(/older than redis 8\.0\.2, and nodes with keys/);
  });

  it.each([
    [
      'redis 7.4.1',
      'valkey 8.0.1',
      /Valkey cannot load the data files .*another cluster of valkey 8\.0\.1 and copy the keys with a client/,
    ],
    ['redis 8.0.2', 'redis 7.0.15', /another cluster of redis 7\.0\.15 and copy the keys with a client/],
    ['valkey 9.1.2', 'redis 8.0.2', /copy the keys with a client/],
    [
      'valkey 8.1.1',
      'redis 8.0.2',
      /another cluster of redis 8\.0\.2 and take the keys there with backup\.yml and restore\.yml/,
    ],
    ['redis 8.0.6', 'redis 8.0.2', /take the keys there with backup\.yml and restore\.yml/],
  ])('where %s cannot become %s, tells where the keys may go', (from, to, way) => {
    const hop = judgeHop(version(from), version(to), true);
    expect(hop.safe ? 'safe' : describeHop(version(from), version(to), hop)).toMatch(way);
  });

  it('without keys, goes back within a release line only', () => {
    expect(judgeHop(version('redis 8.0.6'), version('redis 8.0.2'), false)).toEqual({ safe: true });
    expect(judgeHop(version('redis 7.2.4'), version('redis 7.0.15'), false).safe).toBe(false);
  });

  it.each([
    ['redis 7.0.15', 'redis 8.0.2', false],
    ['redis 8.0.2', 'redis 7.0.15', true],
    ['redis 6.0.20', 'redis 5.0.14', true],
    ['redis 5.0.14', 'redis 6.2.14', true],
    ['redis 7.4.1', 'redis 8.10.0', true],
    ['valkey 8.0.1', 'redis 7.2.4', true],
    ['valkey 8.0.1', 'redis 7.4.1', false],
    ['somebody else 1.0', 'redis 7.0.15', true],
  ])('can %s follow %s: %s', (replica, master, expected) => {
    expect(canFollow(replica, master)).toBe(expected);
  });

  it('orders versions by number', () => {
    expect(['8.10.0', '8.2.8', '7.0.15', '7.0.9', '8.2'].sort(compareVersions)).toEqual([
      '7.0.9',
      '7.0.15',
      '8.2',
      '8.2.8',
      '8.10.0',
    ]);
  });
});
