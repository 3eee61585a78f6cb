import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseHostState, readScript } from '../../../src/modules/redis-build/install-scripts.ts';
import { directoryWith } from '../../engine/play.ts';
import { shells } from '../../sh/shells.ts';

const machine = spawnSync('uname', ['-m'], { encoding: 'utf8' }).stdout.trim();

interface Host {
  readonly release?: string;
  /** What the record of the current build says. */
  readonly made?: { readonly os: string; readonly arch: string; readonly libc: string };
  readonly runs?: boolean;
  readonly linked?: boolean;
  readonly asked?: boolean;
}

/** Reads a host whose own libc is 2.99, on which 7.0.15 is installed. */
function look(words: readonly string[], { release = 'ID=debian\nVERSION_ID="12"\n', made, ...host }: Host) {
  const dir = directoryWith({
    'os-release': release,
    getconf: `#!/bin/sh\n: >"$0.asked"; echo 'glibc 2.99'\n`,
    'p/7.0.15/build.json': JSON.stringify({
      key: 'k',
      version: '7.0.15',
      flavor: 'redis',
      sources: [],
      makeArgs: ['A="}'],
      platform: made ?? { os: 'debian-12', arch: machine, libc: 'glibc-2.36' },
    }),
    'p/7.0.15/bin/redis-server':
      host.runs === false ? '#!/bin/sh\nexit 1\n' : '#!/bin/sh\necho "Redis server v=7.0.15 sha=0"\n',
  });
  for (const file of ['getconf', 'p/7.0.15/bin/redis-server']) chmodSync(`${dir}/${file}`, 0o755);
  mkdirSync(`${dir}/p/other`);
  writeFileSync(`${dir}/p/other/build.json`, '{"key": ');
  if (host.linked !== false) symlinkSync('7.0.15', `${dir}/p/current`);
  const script = readScript(`${dir}/p`, host.asked ? 'asked' : 'recorded').replaceAll(
    '/etc/os-release',
    `${dir}/os-release`,
  );
  const [shell = 'sh', ...options] = words;
  const env = { ...process.env, PATH: `${dir}:${process.env.PATH}` };
  const { stdout, stderr } = spawnSync(shell, [...options, '-s'], { input: script, encoding: 'utf8', env });
  expect(stderr).toBe('');
  return { state: parseHostState(stdout), asked: existsSync(`${dir}/getconf.asked`) };
}

describe.each(shells)('a look at the builds of a host in %s', (_name, shell) => {
  test('takes the libc from the current build, which was made for this release and runs', () => {
    const { state, asked } = look(shell, {});
    expect(state).toMatchObject({
      platform: { os: 'debian-12', arch: machine, libc: 'glibc-2.36' },
      current: '7.0.15',
      installed: [
        { dir: '7.0.15', runs: '7.0.15', info: { version: '7.0.15', makeArgs: ['A="}'] } },
        { dir: 'other', runs: undefined, info: undefined },
      ],
    });
    expect(asked).toBe(false);
  });

  test.each<[string, Host]>([
    ['the host has another release now', { release: 'ID=debian\nVERSION_ID="13"\n' }],
    [
      'the distribution has no releases',
      { release: 'ID=debian\n', made: { os: 'debian-', arch: machine, libc: 'glibc-2.36' } },
    ],
    ['the build is for another machine', { made: { os: 'debian-12', arch: 'other', libc: 'glibc-2.36' } }],
    ['the record knows no libc', { made: { os: 'debian-12', arch: machine, libc: '' } }],
    ['the build does not run', { runs: false }],
    ['the build is not the current one', { linked: false }],
    ['the platform itself is asked after', { asked: true }],
  ])('asks the host when %s', (_when, host) => {
    const { state, asked } = look(shell, host);
    expect(state.platform).toMatchObject({ arch: machine, libc: 'glibc-2.99' });
    expect(asked).toBe(true);
  });
});
