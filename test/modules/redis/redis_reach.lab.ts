import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { listenScript } from '../../../src/modules/redis-reach/listener.ts';
import { ask, until } from '../../redis/servers.ts';

const PORT = 21991;
const password = 'for-a-moment';

it.each([
  ['of its group', (pid: number) => process.kill(-pid, 'SIGTERM'), 143],
  ['of the servers', async () => await shutdown(), 0],
])('what listens for a moment leaves nothing after the end %s', async (_, end, status) => {
  const directory = mkdtempSync(join(tmpdir(), 'rcdeploy-reach-'));
  const script = listenScript('redis-server', [{ host: 'here', address: '127.0.0.1', port: PORT }], false);
  const shell = spawn('/bin/sh', ['-c', script], {
    detached: true,
    env: { ...process.env, TMPDIR: directory },
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = once(shell, 'exit');
  shell.stdin.end(`${password}\n`);
  await until(listens, 'a server that listens');
  expect(readdirSync(directory)).toHaveLength(1);
  await end(shell.pid ?? 0);
  expect((await ended)[0]).toBe(status);
  await until(async () => readdirSync(directory).length === 0, 'an empty directory');
  await until(async () => !(await listens()), 'the end of the server');
});

const query = (commands: string[][]) =>
  ask({ via: 'here', address: '127.0.0.1', port: PORT, auth: { password }, commands, timeoutMs: 1000 });

async function listens(): Promise<boolean> {
  return (await query([['PING']])).ok;
}

async function shutdown(): Promise<void> {
  await query([['SHUTDOWN', 'NOSAVE']]);
}
