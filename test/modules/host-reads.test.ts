import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import { exportedVariables } from '../../src/modules/exported-names.ts';
import { group } from '../../src/modules/group.ts';
import { setup } from '../../src/modules/setup.ts';
import { user } from '../../src/modules/user.ts';
import { shells } from '../sh/shells.ts';

const odd = {
  QUOTES: `it's "x" \`y\` $z \\ end`,
  LINES: 'one\n@@env\nexport TWO=2\n',
  BELL: 'a\x07b\x1b[0m',
  CHINESE: '集群',
  EMPTY: '',
};

describe.each(shells)('reads by the builtins of %s', (_name, shell) => {
  const [command = '', ...options] = shell;
  const run = (script: string | undefined, env: NodeJS.ProcessEnv = process.env) =>
    spawnSync(command, [...options, '-c', script ?? 'false'], {
      encoding: 'utf8',
      env: { ...env, LC_ALL: 'C' },
      // On a socket bash would take itself for a login and read its profile.
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  test('facts say what programs say', () => {
    const args = { gather_subset: ['min', 'network'], filter: [] };
    const { stdout, stderr } = run(setup.read(args as never).script, { PATH: process.env.PATH, ...odd });
    expect(stderr).toBe('');
    const { result } = setup.plan(stdout as never, args as never, {} as never);
    const said = (program: string, ...words: string[]) =>
      spawnSync(program, words, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } }).stdout.trim();
    expect(result?.ansible_facts).toMatchObject({
      ansible_env: odd,
      ansible_nodename: hostname(),
      ansible_machine: said('uname', '-m'),
      ansible_kernel: said('uname', '-r'),
      ansible_fqdn: said('hostname', '-f'),
      ansible_user_id: userInfo().username,
      ansible_user_shell: userInfo().shell,
      ansible_date_time: { tz: said('date', '+%Z') },
    });
  });

  test('accounts are those that getent tells', () => {
    const entry = (database: string, key: string) =>
      spawnSync('getent', [database, key], { encoding: 'utf8' }).stdout.trim();
    for (const name of ['daemon', 'no-such-account', '-x']) {
      const { stdout } = run(user.read({ name, group: name } as never).script);
      expect(stdout.split('\n')[0]).toBe(entry('passwd', name));
      expect(run(group.read({ name, gid: 1 } as never).script).stdout).toBe(
        `${entry('group', name)}\n${entry('group', '1')}\n`,
      );
    }
  });

  test('the primary group is the one that id tells', () => {
    const first =
      readFileSync('/etc/passwd', 'utf8')
        .split('\n')
        .find((line) => line.startsWith('games:'))
        ?.split(':')[0] ?? 'root';
    const id = spawnSync('id', [first], { encoding: 'utf8' }).stdout.trim();
    const [, said] = run(user.read({ name: first } as never).script).stdout.split('\n');
    expect(said?.replace(/ groups=.*/, '')).toBe(id.replace(/ groups=.*/, ''));
  });
});

test.each([
  [`export A='it'"'"'s'\nexport B\nexport C='x'\n`, { A: "it's", C: 'x' }],
  [`export A="a\\"b\\$c\\\\d"\ndeclare -x B=$'\\303\\244\\n\\a'\n`, { A: 'a"b$c\\d', B: 'ä\n\x07' }],
  ['export A=plain\nexport B=\n', { A: 'plain', B: '' }],
  [`export A='\nexport B=2\n'\n`, { A: '\nexport B=2\n' }],
  [`export A='cut`, { A: '' }],
])('variables of %j', (text, variables) => {
  expect(exportedVariables(text)).toEqual(variables);
});
