import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { fuse, unfuse } from '../../src/engine/fuse.ts';
import { FILES_FIRST, READ_EUID } from '../../src/sh/builtin-reads.ts';
import { directoryWith } from '../engine/play.ts';
import { shells } from './shells.ts';

const MARKER = 'f00dfeedf00dfeedf00dfeedf00dfeed';

/** What the scripts of one message print where /etc and /proc hold these files. */
function told(
  files: Readonly<Record<string, string>>,
  [shell = 'sh', ...words]: readonly string[],
  ...scripts: string[]
) {
  const dir = directoryWith(files);
  const text = fuse(scripts, MARKER).replaceAll(/\/(etc|proc)\/(nsswitch.conf|self\/status)/g, `${dir}/$2`);
  const { stdout, stderr } = spawnSync(shell, [...words, '-s'], { input: text, encoding: 'utf8', cwd: dir });
  return unfuse({ rc: 0, stdout, stderr }, MARKER, scripts)?.map((reply) => reply.stdout.trim());
}

const status = (uid: number) => `Name:\tsh\nUid:\t0\t${uid}\t0\t0\nGid:\t5\t5\t5\t5\n`;
const firstOf = (...databases: string[]) =>
  `${FILES_FIRST}\nfor one in ${databases.join(' ')}; do files_first $one && echo "$one"; done`;

describe.each(shells)('what the builtins of %s read', (_name, shell) => {
  it('is the user in force', () => {
    expect(told({ 'self/status': status(1000) }, shell, `${READ_EUID}; echo "$euid"`)).toEqual(['1000']);
  });

  it('is which databases are asked of files first', () => {
    const conf =
      '# passwd: files\n#group: files\npasswd:  files systemd\ngroup: sss files\nshadow:\thosts\n\nhosts: files [x] dns\nnetworks: dns\nnetworks: files\n*: files\n';
    const one = firstOf('passwd', 'group', 'shadow', 'hosts', 'networks', 'services', 'host');
    expect(told({ 'nsswitch.conf': conf }, shell, one)).toEqual(['passwd\nhosts']);
    expect(told({ 'nsswitch.conf': conf }, shell, one, one)).toEqual(['passwd\nhosts', 'passwd\nhosts']);
    expect(told({ other: '' }, shell, one, one)).toEqual(['', '']);
    expect(told({ 'nsswitch.conf': '' }, shell, one)).toEqual(['']);
  });

  it('is read once for all scripts of a message', () => {
    const files = { 'self/status': status(7), 'nsswitch.conf': 'passwd: files\n' };
    const both = `${READ_EUID}; echo "$euid"; ${firstOf('passwd')}`;
    expect(told(files, shell, both, 'echo >self/status; echo >nsswitch.conf', both)).toEqual([
      '7\npasswd',
      '',
      '7\npasswd',
    ]);
  });
});
