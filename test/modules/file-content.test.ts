import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Care, fuse, unfuse } from '../../src/engine/fuse.ts';
import { parseFileContent, planFileContent, readFileContent } from '../../src/modules/file-content.ts';
import { contentOfBytes, contentOfFile } from '../../src/modules/local-file.ts';
import { ReplyLines } from '../../src/modules/reply-lines.ts';
import { contained } from '../../src/sh/contained.ts';
import type { Reply } from '../../src/transport/contract.ts';
import { directoryWith } from '../engine/play.ts';
import { shells } from '../sh/shells.ts';

const MARKER = 'f00dfeedf00dfeedf00dfeedf00dfeed';
const env = { host: 'h', check: false, diff: true, changesPredicted: false };
const texts: Readonly<Record<string, string | Buffer>> = {
  same: 'one\n\ntwo\\0 %s\n',
  'no end': 'one',
  empty: '',
  ends: '\n\n',
  umlauts: 'ä€😀\n',
  nul: 'a\0b\n',
  replaced: 'a\uFFFDb',
  cut: Buffer.from([0x61, 0xf0, 0x9f, 0x98, 0x62]),
  long: 'x'.repeat(2049),
  'it takes more': 'y'.repeat(70_000),
};

describe.each(shells)('the content of files, told by %s,', (_name, [shell = 'sh', ...words]) => {
  const dir = directoryWith({});
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(dir, name), text);
  symlinkSync('same', join(dir, 'link'));
  mkdirSync(join(dir, 'directory'));
  const names = [...Object.keys(texts), 'link', 'directory', 'absent'];

  const ask = (scripts: readonly string[], care: Care): Reply[] | undefined => {
    const input = fuse(scripts, MARKER, [], care);
    const { stdout, stderr } = spawnSync(shell, [...words, '-s'], { input, encoding: 'utf8', cwd: dir });
    return unfuse({ rc: 0, stdout, stderr }, MARKER, scripts, care);
  };

  test.each(Object.keys(texts))('is what sha256sum says when %j is wanted', (wanted) => {
    const content = contentOfBytes(Buffer.from(texts[wanted] ?? ''));
    const scripts = names.map((dest) => contained(readFileContent({ dest }, undefined, content)));
    const planned = (reply: Reply | undefined, dest: string) => {
      if (reply === undefined) return undefined;
      const looked = parseFileContent(new ReplyLines(reply, 'looking'), { dest });
      return planFileContent(looked, { dest }, content.sha256, String(texts[wanted]), env);
    };
    const careful = ask(scripts, 'careful')?.map((reply, index) => planned(reply, names[index] ?? ''));
    expect(careful?.map((plan) => plan?.changes.length === 0 && plan.failed === undefined)).toEqual(
      names.map((name) => name === wanted),
    );
    // Of what is no UTF-8 no digest can be made here: it is asked for with care.
    const isTold = (name: string) => !content.isShortText || !['replaced', 'cut'].includes(name);
    const told = names.filter(isTold);
    const quick = ask([...told.map((dest) => scripts[names.indexOf(dest)] ?? ''), contained('true')], 'quick');
    expect(told.map((dest, index) => planned(quick?.[index], dest))).toEqual(
      careful?.filter((_, index) => isTold(names[index] ?? '')),
    );
    for (const name of names.filter((name) => !isTold(name))) {
      expect(ask([scripts[names.indexOf(name)] ?? '', contained('true')], 'quick')).toBeUndefined();
    }
  });
});

test('a short text is told by its bytes, whether they come from a file or not', async () => {
  for (const [name, text] of Object.entries(texts)) {
    const file = join(directoryWith({}), 'one');
    writeFileSync(file, text);
    const isShort = !['replaced', 'cut', 'long', 'it takes more'].includes(name);
    expect([name, contentOfBytes(Buffer.from(text)).isShortText]).toEqual([name, isShort]);
    expect([name, (await contentOfFile(file)).isShortText]).toEqual([name, isShort]);
  }
});
