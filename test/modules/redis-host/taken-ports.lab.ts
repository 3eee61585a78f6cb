import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { takenPortsScript } from '../../../src/modules/redis-host/taken-ports.ts';
import { Servers } from '../../redis/servers.ts';
import { sh } from '../redis/local-host.ts';

const servers = new Servers();
const port = 21100;
const bus = port + 10000;
const dir = mkdtempSync(join(tmpdir(), 'rcdeploy-ports-'));
const mark = join(dir, 'asked');

/** An `ss` that leaves a mark before it does its work. */
writeFileSync(join(dir, 'ss'), `#!/bin/sh\n: >'${mark}'\nPATH=\${PATH#*:} exec ss "$@"\n`);
chmodSync(join(dir, 'ss'), 0o755);

const look = async (...ports: number[]) => {
  const { stdout } = await sh(`PATH='${dir}':$PATH\n${takenPortsScript(ports, dir)}`);
  return { said: stdout, askedSockets: existsSync(mark) };
};

beforeEach(() => rmSync(mark, { force: true }));
afterAll(async () => {
  await servers.stopAll();
  rmSync(dir, { recursive: true, force: true });
});

test('nobody has the ports', async () => {
  expect(await look(port, bus)).toEqual({ said: '', askedSockets: true });
});

test('a node of a cluster tells its ports by its title, and sockets are not asked', async () => {
  await servers.start(port);
  expect(await look(port, bus)).toEqual({ said: '', askedSockets: false });
  await servers.kill(port);
});

test('only the process that a pid file names is looked at, if it tells all ports', async () => {
  const scan = 'for process in /proc/[0-9]*; do claim';
  const looked = async () => {
    const script = takenPortsScript([port, bus], dir);
    expect(script.split(scan)).toHaveLength(2);
    return (await sh(script.replace(scan, `echo all are; ${scan}`))).stdout;
  };
  const file = join(dir, String(port), 'redis.pid');
  mkdirSync(join(dir, String(port)));
  await servers.start(port, ['--pidfile', file]);
  onTestFinished(() => servers.kill(port));
  expect(await looked()).toBe('');
  for (const other of [`${process.pid}\n`, '', 'x\n', '99999999\n']) {
    writeFileSync(file, other);
    expect(await looked()).toBe('all are\n');
  }
});

test('a server without a title is known by its socket', async () => {
  await servers.start(port, ['--set-proc-title', 'no']);
  expect(await look(port, bus)).toEqual({ said: '', askedSockets: true });
  await servers.kill(port);
});

test('a server that is no node has not taken the port of a bus, and another process is named', async () => {
  await servers.start(port, [], false);
  const other = createServer().listen(bus, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const { said, askedSockets } = await look(port, bus);
  expect(said).toMatch(new RegExp(`^taken ${bus} by pid ${process.pid} \\(.*\\)\n$`));
  expect(askedSockets).toBe(true);
  await new Promise((resolve) => other.close(resolve));
});
