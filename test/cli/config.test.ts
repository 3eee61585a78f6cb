import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { settingsIn } from '../../src/cli/config/ansible-config.ts';
import { counterparts, insteadOfVariable } from '../../src/cli/config/ansible-settings.ts';
import { createRunCommand } from '../../src/cli/run-options.ts';
import { directoryOf, rcdeploy } from './program.ts';

const dir = directoryOf({
  'ansible.cfg': '[defaults]\nremote_user = hunter2\nforks=20\n[ssh_connection]\npipelining: True\n',
});

beforeEach(() => {
  for (const name of Object.keys(process.env).filter((one) => one.startsWith('ANSIBLE_'))) vi.stubEnv(name, undefined);
  vi.stubEnv('ANSIBLE_CONFIG', join(dir, 'ansible.cfg'));
  vi.stubEnv('ANSIBLE_HOST_KEY_CHECKING', 'hunter2');
});
afterEach(() => vi.unstubAllEnvs());

it('shows what runs go by and where it comes from', async () => {
  vi.stubEnv('XDG_STATE_HOME', '/elsewhere');
  vi.stubEnv('SSH_AUTH_SOCK', '/run/agent');
  const { exit, out } = await rcdeploy('config');
  expect(exit).toBe(0);
  expect(out).toMatch(/^notes of runs +\/elsewhere\/rcdeploy\/runs +XDG_STATE_HOME/m);
  expect(out).toMatch(/^ssh agent +\/run\/agent +SSH_AUTH_SOCK/m);
  expect(out).toMatch(/^published flaws +known until 20\d\d-\d\d-\d\d/m);
});

it("names what of Ansible's configuration is not read, and what to do instead, and no value of it", async () => {
  const { out } = await rcdeploy('config', '--output', 'json');
  expect(out).not.toContain('hunter2');
  const file = join(dir, 'ansible.cfg');
  expect((JSON.parse(out) as { unread: unknown }).unread).toEqual([
    { setting: '[defaults] remote_user', from: file, instead: '-u, or ansible_user in the inventory' },
    { setting: '[defaults] forks', from: file, instead: '-f' },
    { setting: '[ssh_connection] pipelining', from: file, instead: expect.stringContaining('not copied') },
    { setting: 'ANSIBLE_HOST_KEY_CHECKING', from: 'environment', instead: expect.stringContaining('hostkeys scan') },
  ]);
  const plain = (await rcdeploy('config')).out;
  expect(plain).toMatch(/^\[defaults\] forks +\S+ansible\.cfg +-f$/m);
  expect(plain).not.toContain('hunter2');
});

it('says nothing of Ansible where nothing of it is set', async () => {
  vi.stubEnv('ANSIBLE_CONFIG', join(dir, 'missing.cfg'));
  vi.stubEnv('ANSIBLE_HOST_KEY_CHECKING', undefined);
  expect((await rcdeploy('config')).out).not.toContain('is not read');
});

it('reads the file as Python does', () => {
  const text = '[a]\nx = 1\n  y = 2\n# z = 3\n;z = 3\nLong Name : v\n\n[b]\nx=\nword\n';
  expect(settingsIn(text).map(({ section, name }) => `${section}.${name}`)).toEqual(['a.x', 'a.long name', 'b.x']);
});

it('sends nobody to an option that is not there', () => {
  const { options } = createRunCommand('run', 'about');
  const known = options.flatMap(({ short, long }) => [short, long]);
  const named = counterparts.flatMap(({ instead }) => instead.match(/(?<![\w-])--?[a-z][\w-]*/gi) ?? []);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((option) => !known.includes(option))).toEqual([]);
  expect(insteadOfVariable('ANSIBLE_CACHE_PLUGIN')).toContain('gathered anew');
  expect(insteadOfVariable('ANSIBLE_NOCOWS')).toBe('has no counterpart');
});
