import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import {
  configText,
  prepareScript,
  startScript,
  workDirectory,
} from '../../../src/modules/redis-restore/loader-scripts.ts';
import { quote } from '../../../src/sh/quote.ts';
import { command, Servers, until } from '../../redis/servers.ts';
import { sh } from './local-host.ts';

const port = 21200;
const servers = new Servers();
const sessions: ChildProcess[] = [];
const dir = mkdtempSync('/tmp/rcdeploy-restore-test.');

afterAll(async () => {
  for (const session of sessions) session.kill('SIGKILL');
  await servers.stopAll();
  rmSync(dir, { recursive: true, force: true });
});

const place = (run: string) => workDirectory(dir, run);
const prepare = async (run: string) => {
  const { rc, stderr } = await sh(prepareScript(dir, run, 1000));
  expect({ rc, stderr }).toEqual({ rc: 0, stderr: '' });
};

/** Starts what loads a file as a session does, whose shell is two processes above the script. */
async function load(run: string, node: { pid: number; executable: string }) {
  writeFileSync(`${place(run)}/loader.conf`, configText(port + 1, 'secret', []));
  const script = startScript(place(run), node, 1000);
  const session = spawn('sh', ['-c', `sh -c ${quote(`sh -c ${quote(script)}; :`)}; exec sleep 1000`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  sessions.push(session);
  const pid = await new Promise<string>((resolve) =>
    session.stdout.once('data', (text) => resolve(String(text).trim())),
  );
  return { session, pid };
}

test('what a run that died has left takes its own files away, and not those of the next run', async () => {
  await servers.start(port, [], false);
  const info = String(await command(port, ['INFO', 'server']));
  const node = { pid: Number(/process_id:(\d+)/.exec(info)?.[1]), executable: '' };
  await prepare('first');
  const { session, pid } = await load('first', node);
  const answers = () =>
    command(port + 1, ['PING'], { password: 'secret' }).then(
      () => true,
      () => false,
    );
  await until(answers, 'the first server');
  session.kill('SIGKILL');
  await prepare('second');
  writeFileSync(`${place('second')}/dump.rdb`, 'of the second run');
  await until(async () => !existsSync(`/proc/${pid}`), 'the end of the first server');
  // The watcher of the first takes its files away after the server has ended.
  await until(async () => (await sh(`pgrep -f '${dir}/[.]rcdeploy'`)).rc === 1, 'the end of its watcher');
  expect(existsSync(place('first'))).toBe(false);
  expect(existsSync(`${place('second')}/dump.rdb`)).toBe(true);
});
