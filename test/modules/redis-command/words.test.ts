import { describe, expect, it } from 'vitest';
import { hasNoReply, onlyReads } from '../../../src/modules/redis-command/read-only.ts';
import { shownReply, shownWords } from '../../../src/modules/redis-command/secret-words.ts';

describe('a command of redis_command', () => {
  it.each(['GET foo', 'get foo', 'INFO memory', 'CLUSTER NODES', 'config get save', 'ACL LIST', 'SLOWLOG GET 3'])(
    '%s only reads',
    (line) => expect(onlyReads(line.split(' '))).toBe(true),
  );

  it.each([
    'SET a 1',
    'CONFIG SET a 1',
    'CLUSTER FORGET x',
    'ACL LOG RESET',
    'SORT a STORE b',
    'EVAL x 0',
    'NEWTHING',
    'CONFIG',
  ])('%s counts as a change', (line) => expect(onlyReads(line.split(' '))).toBe(false));

  it('is refused when it has no single reply', () => {
    expect(hasNoReply(['monitor'])).toBe(true);
    expect(hasNoReply(['GET', 'monitor'])).toBe(false);
  });

  it.each([
    ['AUTH bob secret', 'AUTH ******** ********'],
    ['CONFIG SET requirepass secret maxmemory 1gb', 'CONFIG SET requirepass ******** maxmemory 1gb'],
    ['ACL SETUSER bob on >secret ~* +@all', 'ACL SETUSER bob on >******** ~* +@all'],
    ['MIGRATE h 1 k 0 5 AUTH secret COPY', 'MIGRATE h 1 k 0 5 AUTH ******** COPY'],
    ['MIGRATE h 1 k 0 5 AUTH2 bob secret COPY', 'MIGRATE h 1 k 0 5 AUTH2 ******** ******** COPY'],
  ])('%s is shown without its secrets', (line, shown) => {
    expect(shownWords(line.split(' ')).join(' ')).toBe(shown);
  });

  it('has replies without secrets', () => {
    expect(shownReply(['CONFIG', 'GET', '*'], ['requirepass', 'secret', 'save', 'secret'])).toEqual([
      'requirepass',
      '********',
      'save',
      'secret',
    ]);
    const digest = 'a'.repeat(64);
    expect(shownReply(['ACL', 'LIST'], [`user bob on #${digest} ~*`])).toEqual(['user bob on #******** ~*']);
    expect(shownReply(['ACL', 'GETUSER', 'bob'], ['passwords', [digest]])).toEqual(['passwords', ['********']]);
  });
});
