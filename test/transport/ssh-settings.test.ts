import { homedir } from 'node:os';
import { expect, test } from 'vitest';
import { sshSettings } from '../../src/transport/ssh-settings.ts';

const wishes = { address: 'h1.example', port: undefined, user: undefined, options: {} };

test('options win over ssh_config, and own values over options', async () => {
  const options = {
    Port: '2200',
    User: 'optional',
    ProxyJump: 'a, root@b:2222',
    UserKnownHostsFile: '~/known /etc/known',
    StrictHostKeyChecking: 'off',
    IdentityFile: '~/.ssh/special',
    ConnectTimeout: '7',
  };
  expect(await sshSettings({ ...wishes, user: 'deploy', options })).toMatchObject({
    hostname: 'h1.example',
    port: 2200,
    user: 'deploy',
    proxyJump: ['a', 'root@b:2222'],
    knownHostsFiles: [`${homedir()}/known`, '/etc/known'],
    strictHostKeyChecking: 'no',
    identityFiles: [`${homedir()}/.ssh/special`],
    connectTimeoutMs: 7000,
  });
});

test('none takes away what a configuration gives', async () => {
  const options = { ProxyJump: 'none', ProxyCommand: 'none', UserKnownHostsFile: 'none' };
  expect(await sshSettings({ ...wishes, options })).toMatchObject({
    proxyJump: [],
    proxyCommand: undefined,
    knownHostsFiles: [],
  });
});
