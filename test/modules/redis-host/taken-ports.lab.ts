import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
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
  const { stdout } = await sh(`PATH='${dir}':$PATH\n${takenPortsScript(ports)}`);
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
