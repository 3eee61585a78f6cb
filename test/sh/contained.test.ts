import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fuse, unfuse } from '../../src/engine/fuse.ts';
import { copy } from '../../src/modules/copy.ts';
import { factsScript, sectionsOf } from '../../src/modules/facts-script.ts';
import { file } from '../../src/modules/file.ts';
import { group } from '../../src/modules/group.ts';
import { contentOfText } from '../../src/modules/local-file.ts';
import { readScript } from '../../src/modules/redis-build/install-scripts.ts';
import { configReadScript, realDirectoryScript } from '../../src/modules/redis-config/config-state.ts';
import { hostFactsScript } from '../../src/modules/redis-host/host-facts.ts';
import { serverReadScript } from '../../src/modules/redis-server/server-state.ts';
import { template } from '../../src/modules/template.ts';
import { user } from '../../src/modules/user.ts';
import { isContained } from '../../src/sh/contained.ts';
import { READ_RECORDS } from '../../src/state/cluster-record.ts';
import { READ_LOCK } from '../../src/state/lock.ts';
import { READ_OWED } from '../../src/state/owed.ts';
import { READ_RESTARTS } from '../../src/state/restart-record.ts';
import { directoryWith } from '../engine/play.ts';
import { shells } from './shells.ts';

const MARKER = 'f00dfeedf00dfeedf00dfeedf00dfeed';
const STATE = '.local/state/rcdeploy';

/** A user's home with something to find for each of the scripts. */
function home(): string {
  const dir = directoryWith({
    [`${STATE}/lock.3`]: `1 2 3-4\n{"controlPid":5}\n`,
    [`${STATE}/owed/one.json`]: '{"key":"one"}\n',
    [`${STATE}/clusters/main.json`]: '{"cluster":"main"}\n',
    [`${STATE}/rolling/6d.6379`]: 'abc\n',
    'redis/7.0.15/build.json': '{"platform":{"os":"x-1",\n"libc":"glibc-2"}}',
    'redis/7.0.15/directives.json': '{"7.0.15":[]}\n',
    'conf/redis.conf': `pidfile "${process.cwd()}/none.pid"\n  requirepass x\ndir "/tmp"\nlast line`,
    junk: '1\n',
    'conf/nodes.conf': 'abc 127.0.0.1:7@17 myself,slave def 0 0 1 connected\n',
  });
  symlinkSync('7.0.15', join(dir, 'redis/current'));
  symlinkSync('conf', join(dir, 'link'));
  symlinkSync('nowhere', join(dir, 'dead'));
  return dir;
}

function scriptsFor(dir: string): Record<string, readonly string[]> {
  const conf = `${dir}/conf/redis.conf`;
  const server = { port: 2, config: conf, prefix: `${dir}/redis`, address: '127.0.0.1', host: 'h' };
  const own = ['mode', 'group', 'owner'];
  const files = [`${dir}/conf`, `${dir}/link`, `${dir}/dead`, conf, `${dir}/absent/file`];
  const script = (one: { readonly script?: string }) => one.script ?? '';
  return {
    'state/lock.ts': [READ_LOCK],
    'state/owed.ts': [READ_OWED],
    'state/cluster-record.ts': [READ_RECORDS],
    'state/restart-record.ts': [READ_RESTARTS],
    'modules/facts-script.ts': [factsScript(false)],
    'modules/redis-host/host-facts.ts': [hostFactsScript([2, 10002], `${dir}/absent`), hostFactsScript([1], '/')],
    'modules/group.ts': [0, 1, 54321].map((gid) => script(group.read({ name: 'daemon', gid } as never))),
    'modules/user.ts': [
      script(user.read({ name: 'daemon', group: '0' } as never)),
      script(user.read({ name: 'root', groups: ['daemon', 'nobodys'], password: '!', uid: 1 } as never)),
      script(user.read({ name: 'no-such-account', home: '~' } as never)),
    ],
    'modules/redis-build/install-scripts.ts': [readScript(`${dir}/redis`), readScript(`${dir}/absent`)],
    'modules/file.ts': [
      ...files.map((path) => script(file.read({ path, follow: true, owner: 'root', group: 'daemon' } as never))),
      ...files.map((path) => script(file.read({ path, src: conf, recurse: true, group: 'none such' } as never))),
    ],
    'modules/copy.ts': files.flatMap((dest) =>
      ['copied', undefined].map((src) =>
        script(copy.read({ dest, src, follow: true, own, _content: src && contentOfText(src) } as never)),
      ),
    ),
    'modules/template.ts': files.map((dest) => script(template.read({ dest, src: 'from', own } as never))),
    'modules/redis-config/config-state.ts': [
      configReadScript(conf, `${dir}/redis`),
      configReadScript(`${dir}/absent`, `${dir}/absent`),
      configReadScript(dir, `${dir}/redis`),
      realDirectoryScript(`${dir}/link`),
      realDirectoryScript(`${dir}/absent`),
    ],
    'modules/redis-server/server-state.ts': [
      serverReadScript(server as never),
      serverReadScript({ ...server, config: `${dir}/absent`, prefix: dir, if_role: 'master' } as never),
    ],
  };
}

/** Every name that one of the scripts gives a value to; those of shared answers are meant to be seen by others. */
function namesSetBy(scripts: readonly string[]): string[] {
  const text = scripts.join('\n');
  const set = [...text.matchAll(/\b(\w+)=/g), ...text.matchAll(/\bfor (\w+) in\b/g)].map((found) => found[1] ?? '');
  const read = [...text.matchAll(/\bread(?: -r)?((?: [A-Za-z_]\w*)+)/g)].flatMap((found) => found[1]?.split(' ') ?? []);
  return [...new Set([...set, ...read])].filter((name) => /^[A-Za-z]\w*$/.test(name) && !/^rcdeploy_|^IFS$/.test(name));
}

const STEADY_FACTS = [
  'os',
  'debian',
  'uname',
  'user',
  'passwd',
  'fqdn',
  'pkg',
  'init',
  'machineid',
  'cmdline',
  'dns',
  'env',
];

/** Without what changes by itself between two looks: the clock, interfaces, free space. */
function steady(output: string): string {
  const from = output.indexOf('\n@@os\n');
  if (from >= 0) {
    const facts = sectionsOf(output.slice(from));
    return JSON.stringify([output.slice(0, from), ...STEADY_FACTS.map((name) => [name, facts(name)])]);
  }
  return output.replaceAll(/^(memory|free|clock) \d+$/gm, '$1').replaceAll(/^([0-9a-f]+(?: \d+){4}) \d+ /gm, '$1 ');
}

const STAND = `printf '%s\\n' "$-" "$IFS" "$#$*" "$(umask)" "$(pwd)" "$(trap)" "$(export -p)" "$(ulimit -a)"`;

describe.each(shells)('contained reads in %s', (_name, [shell = 'sh', ...words]) => {
  const dir = home();
  const scripts = Object.values(scriptsFor(dir)).flat();
  const names = namesSetBy(scripts);
  const run = (input: string) => {
    const env = { PATH: process.env.PATH, HOME: dir, LC_ALL: 'C' };
    const { status, stdout, stderr } = spawnSync(shell, [...words, '-s'], { input, encoding: 'utf8', cwd: dir, env });
    return { rc: status ?? -1, stdout, stderr };
  };
  const alone = (script: string, before: string) =>
    run(`rcdeploy_euid=1000\n${before}\nset -- a b\n{ ${STAND}; } >before\nrcdeploy_read() {\n${script}\n}
rcdeploy_read </dev/null\necho "exit status $?"\n{ ${STAND}; } >after\ncmp before after`);

  it('knows what they set', () => {
    expect(names).toEqual(
      expect.arrayContaining(['euid', 'D', 'pid', 'boot', 'line', 'title', 'U', 'h', 'value', 'flags']),
    );
  });

  it.each(Object.entries(scriptsFor(dir)))(
    'of %s see nothing that others left, and leave the shell as it was',
    (_file, own) => {
      // What is no number, matches files and splits; and what names a file in which there is a number.
      const junk = ["'7 junk/* [x]'", `${dir}/junk`].map((text) => names.map((name) => `${name}=${text}`).join('\n'));
      for (const script of own) {
        const clean = alone(script, '');
        expect(clean.stdout).toMatch(/exit status \d+\n$/);
        for (const other of junk.map((before) => alone(script, before))) {
          expect({ ...other, stdout: steady(other.stdout) }).toEqual({ ...clean, stdout: steady(clean.stdout) });
        }
      }
    },
  );

  it('say the same in one shell as in one for each', () => {
    const [quick, careful] = (['quick', 'careful'] as const).map((care) => {
      const reply = run(`rcdeploy_euid=1000\n${fuse(scripts, MARKER, [], care)}`);
      const replies = unfuse({ ...reply, stderr: care === 'quick' ? '' : reply.stderr }, MARKER, scripts, care);
      return replies?.map(({ rc, stdout }) => ({ rc, stdout: steady(stdout) }));
    });
    expect(quick).toHaveLength(scripts.length);
    expect(quick).toEqual(careful);
  });
});

it('knows every script that is said to be contained', () => {
  const src = fileURLToPath(new URL('../../src/', import.meta.url));
  const declaring = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && /[^.]\bcontained(First)?\(/.test(readFileSync(join(src, name), 'utf8')),
  );
  const known = scriptsFor('/nowhere');
  expect(declaring.filter((name) => name !== 'sh/contained.ts').sort()).toEqual(Object.keys(known).sort());
  expect(
    Object.values(known)
      .flat()
      .filter((script) => !isContained(script)),
  ).toEqual([]);
});
