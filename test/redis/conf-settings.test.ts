import { expect, test } from 'vitest';
import { liveMatches, sameLines, settingLines } from '../../src/redis/conf/conf-settings.ts';

test.each([
  ['maxmemory', '1gb', [['1gb']]],
  ['appendonly', true, [['yes']]],
  ['requirepass', 'two words', [['two words']]],
  ['requirepass', 'x\nport 1', [['x\nport 1']]],
  ['save', '900 1', [['900', '1']]],
  [
    'save',
    ['900 1', '300 10'],
    [
      ['900', '1'],
      ['300', '10'],
    ],
  ],
  ['save', [], [['']]],
  ['save', '', [['']]],
  ['save', '900 1\nport 1', [['900', '1', 'port', '1']]],
  ['bind', ['127.0.0.1', '-::1'], [['127.0.0.1', '-::1']]],
  [
    'rename-command',
    { CONFIG: '', FLUSHALL: 'hidden' },
    [
      ['CONFIG', ''],
      ['FLUSHALL', 'hidden'],
    ],
  ],
  ['client-output-buffer-limit', { normal: '0 0 0' }, [['normal', '0', '0', '0']]],
  ['hz', null, undefined],
])('%s: %j', (name, value, lines) => {
  expect(settingLines(name, value)).toEqual(lines);
});

test.each([
  ['maxmemory', ['1gb', '2gb']],
  ['maxmemory', { a: 1 }],
  ['hz', Number.NaN],
  ['save', '900 "1'],
])('%s refuses %j', (name, value) => {
  expect(() => settingLines(name, value)).toThrow(name);
});

test.each([
  ['maxmemory', '64mb', '67108864', true],
  ['maxmemory', '64m', '67108864', false],
  ['maxmemory', '0064mb', '67108864', true],
  ['appendonly', 'yes', 'no', false],
  ['save', '900 1 300 10', '900 1 300 10', true],
  ['save', '', '', true],
  ['save', '', '3600 1', false],
  ['requirepass', '007', '7', false],
  ['bind', '127.0.0.1 10.0.0.1', '127.0.0.1 10.0.0.1', true],
  ['client-output-buffer-limit', 'replica 1mb 0 0', 'normal 0 0 0 slave 1048576 0 0 pubsub 0 0 0', true],
  ['client-output-buffer-limit', 'replica 2mb 0 0', 'normal 0 0 0 slave 1048576 0 0 pubsub 0 0 0', false],
])('%s %j against the live value %j: %s', (name, declared, live, matches) => {
  expect(liveMatches(name, settingLines(name, declared) ?? [], live)).toBe(matches);
});

test('the order of repeated lines means nothing, but for save points', () => {
  expect(
    sameLines(
      'rename-command',
      [
        ['A', 'b'],
        ['C', 'd'],
      ],
      [
        ['C', 'd'],
        ['A', 'b'],
      ],
    ),
  ).toBe(true);
  expect(
    sameLines(
      'save',
      [
        ['1', '2'],
        ['3', '4'],
      ],
      [
        ['3', '4'],
        ['1', '2'],
      ],
    ),
  ).toBe(false);
});
