import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTarListing, parseZipListing, unsafeEntry } from '../../src/modules/archive-listing.ts';
import { digestFor, parseChecksum } from '../../src/modules/download.ts';
import { localSockets } from '../../src/modules/local-sockets.ts';
import { ReplyLines } from '../../src/modules/reply-lines.ts';
import { splitWords } from '../../src/modules/split-words.ts';
import { editedFile } from '../../src/modules/sysctl.ts';
import { quoteAll } from '../../src/sh/quote.ts';

describe('splitWords', () => {
  test('gives back what was quoted', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string().filter((word) => !word.includes('\0')),
          { minLength: 1 },
        ),
        (words) => {
          expect(splitWords(quoteAll(words))).toEqual(words);
        },
      ),
    );
  });

  test.each(['a  b', `a"b c"d`, `'a\\b' "a\\b" "a\\"b" a\\ b`, `"" ''`, 'a#b', 'a=$HOME;|&'])(
    'reads %s as shlex does',
    (line) => {
      const script = 'import json,shlex,sys; print(json.dumps(shlex.split(sys.argv[1])))';
      expect(splitWords(line)).toEqual(JSON.parse(execFileSync('python3', ['-c', script, line], { encoding: 'utf8' })));
    },
  );

  test('says what is not closed', () => {
    expect(() => splitWords('echo "a')).toThrow('no closing "');
    expect(() => splitWords('echo \\')).toThrow('lone backslash');
  });
});

test('a sysctl file keeps all other lines and has one entry in the end', () => {
  const line = fc.constantFrom('# note', '', 'vm.x = 1', 'vm/x=2', 'net.y=3', '-vm.x = 1', ';vm.x=9');
  fc.assert(
    fc.property(fc.array(line), fc.option(fc.constantFrom('1', '2'), { nil: undefined }), (lines, value) => {
      const text = lines.map((one) => `${one}\n`).join('');
      const edited = editedFile(text, 'vm.x', value);
      expect(editedFile(edited, 'vm.x', value)).toBe(edited);
      const other = (one: string) => !/^-?vm[./]x ?=/.test(one);
      expect(edited.split('\n').filter(other).join('\n')).toBe(text.split('\n').filter(other).join('\n'));
      expect(edited.split('\n').filter((one) => !other(one))).toHaveLength(value === undefined ? 0 : 1);
    }),
  );
});

describe('sockets of /proc/net/tcp', () => {
  const at = (text: string, host: string, port: number) =>
    localSockets(new ReplyLines({ rc: 0, stdout: text, stderr: '' }, ''), host, port);
  const proc = `0100007F:18EB 00000000:0000 0A
00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A
0100007F:18EB 0200007F:C350 01
0000000000000000FFFF00000100007F:18EB 0000000000000000FFFF00000300007F:C350 06
`;
  test('listeners', () => {
    expect(at(proc, '127.0.0.1', 6379).listening).toBe(true);
    expect(at(proc, '127.0.0.2', 6379).listening).toBe(false);
    expect(at(proc, 'localhost', 8080).listening).toBe(true);
    expect(at(proc, '127.0.0.1', 22).listening).toBe(false);
  });
  test('connections', () => {
    expect(at(proc, '127.0.0.1', 6379).connections(['ESTABLISHED', 'TIME_WAIT'], [])).toBe(2);
    expect(at(proc, '127.0.0.1', 6379).connections(['ESTABLISHED'], ['127.0.0.2'])).toBe(0);
  });
});

describe('archives', () => {
  const gnu = `drwxr-xr-x root/root         0 2026-01-02 03:04 top/
-rw-r--r-- root/root         5 2026-01-02 03:04 top/a b
lrwxrwxrwx root/root         0 2026-01-02 03:04 top/link -> a b
hrw-r--r-- root/root         0 2026-01-02 03:04 top/hard link to top/a b
`;
  test('tar -tv', () => {
    expect(parseTarListing(gnu)).toEqual([
      { kind: 'directory', name: 'top/', target: undefined },
      { kind: 'file', name: 'top/a b', target: undefined },
      { kind: 'link', name: 'top/link', target: undefined },
      { kind: 'hard', name: 'top/hard', target: 'top/a b' },
    ]);
    expect(unsafeEntry(parseTarListing(gnu))).toBeUndefined();
  });
  test('unzip -l', () => {
    const text =
      'Archive:  a.zip\n  Length      Date    Time    Name\n---------  ---------- -----   ----\n        5  2026-01-02 03:04   dir/a b\n---------                     -------\n        5                     1 file\n';
    expect(parseZipListing(text)).toEqual([{ kind: 'file', name: 'dir/a b', target: undefined }]);
  });
  test.each([
    ['/etc/passwd', 'leads out'],
    ['a/../../b', 'leads out'],
    ['./../b', 'leads out'],
    ['top/link/x', 'goes through a symbolic link'],
    ['./top/link/x/y', 'goes through a symbolic link'],
  ])('%s is refused', (name, why) => {
    const entries = [...parseTarListing(gnu), { kind: 'file' as const, name, target: undefined }];
    expect(unsafeEntry(entries)).toContain(why);
  });
  test('a hard link out of the archive is refused', () => {
    expect(unsafeEntry([{ kind: 'hard', name: 'a', target: '/etc/shadow' }])).toContain('hard link out');
    expect(unsafeEntry([...parseTarListing(gnu), { kind: 'hard', name: 'b', target: 'top/link/x' }])).toContain(
      'hard link out',
    );
  });
});

test('checksums', () => {
  const digest = 'a'.repeat(64);
  expect(parseChecksum(`sha256:${digest.toUpperCase()}`)).toEqual({ algorithm: 'sha256', value: digest });
  expect(parseChecksum('sha256:https://x/SUMS').value).toBe('https://x/SUMS');
  for (const bad of ['sha256:abc', digest, 'crc:1', 'sha256:']) expect(() => parseChecksum(bad)).toThrow('is none');
  const other = 'b'.repeat(64);
  expect(digestFor(`${other}  other\n${digest} *dir/file.gz\n`, 'file.gz', 64)).toBe(digest);
  expect(digestFor(`${digest}\n`, 'file.gz', 64)).toBe(digest);
  expect(digestFor(`${other}  other\n`, 'file.gz', 64)).toBeUndefined();
});
