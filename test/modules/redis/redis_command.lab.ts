import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisCommand } from '../../../src/modules/redis_command.ts';
import { redisInfo } from '../../../src/modules/redis_info.ts';
import { form } from '../../../src/redis/cluster/form.ts';
import { observeAll } from '../../../src/redis/node/cluster-io.ts';
import { Unknown } from '../../../src/template/values.ts';
import { command, declared, localIo, Servers } from '../../redis/servers.ts';
import { LocalHost } from './local-host.ts';

const ports = [21301, 21302, 21303, 21304, 21305, 21306];
const servers = new Servers();
const host = new LocalHost(join(tmpdir(), 'rcdeploy-command-test'));
const password = 'a-pass-phrase';
const nodes = ports.map((port, index) => ({ host: `h${index + 1}`, address: '127.0.0.1', port }));
const args = (words: string | string[], more: object = {}) => ({
  command: words,
  nodes,
  role: 'any',
  password,
  timeout: 5,
  ...more,
});

beforeAll(async () => {
  await Promise.all(ports.map((port) => servers.start(port, ['--requirepass', password, '--masterauth', password])));
  const open = declared(ports);
  const cluster = { ...open, nodes: open.nodes.map((node) => ({ ...node, auth: { password } })) };
  await form(cluster, await observeAll(cluster, localIo()), localIo(), { stallMs: 20_000 });
});
afterAll(async () => await servers.stopAll());

const setting = (port: number, name: string) => command(port, ['CONFIG', 'GET', name], { password });

describe('redis_command', () => {
  it('runs what only reads in check mode too, on every node, and changes nothing', async () => {
    const { plan } = await host.plan(redisCommand, args('CONFIG GET requirepass'), true);
    expect(plan.failed).toBeUndefined();
    expect(plan.changes).toEqual([]);
    const told = (plan.result as { nodes: { reply: unknown }[] }).nodes;
    expect(told).toHaveLength(6);
    for (const { reply } of told) expect(reply).toEqual(['requirepass', '********']);
    expect(JSON.stringify(plan)).not.toContain(password);
  });

  it('predicts what changes, and does it on the nodes of one role only', async () => {
    const given = args('CONFIG SET slowlog-max-len 77', { role: 'master' });
    const { plan } = await host.plan(redisCommand, given, true);
    expect(plan.changes.map(({ what }) => what)).toEqual(['h1:21301', 'h2:21302', 'h3:21303']);
    expect(plan.result?.nodes).toBeInstanceOf(Unknown);
    expect(await setting(21301, 'slowlog-max-len')).toEqual(['slowlog-max-len', '128']);
    const done = await host.run(redisCommand, given);
    expect(done).toMatchObject({ changed: true, nodes: [{ reply: 'OK' }, { reply: 'OK' }, { reply: 'OK' }] });
    expect(await setting(21302, 'slowlog-max-len')).toEqual(['slowlog-max-len', '77']);
    expect(await setting(21304, 'slowlog-max-len')).toEqual(['slowlog-max-len', '128']);
  });

  it('fails with the words of every node that refuses', async () => {
    await expect(host.run(redisCommand, args(['SET', 'foo', 'a b']))).rejects.toThrow(
      /h1:21301: MOVED 12182 .*h2:21302/,
    );
    const wrong = await host.run(redisCommand, args('PING', { password: 'wrong' }));
    expect(wrong.msg).toContain('h6:21306: WRONGPASS');
  });
});

describe('redis_info', () => {
  it('tells of every node what it says itself', async () => {
    const result = await host.run(redisInfo, { nodes, password, unanswered: 'report' });
    expect(result.changed).toBe(false);
    const [first, , , fourth] = result.nodes as object[];
    expect(first).toMatchObject({
      host: 'h1',
      flavor: 'redis',
      role: 'master',
      keys: 0,
      replication: { link: null, replicas: [{ address: '127.0.0.1:21304', state: 'online' }] },
      persistence: { loading: false, appendonly: false, last_save_ok: true },
      cluster: { state: 'ok', slots: 16384, known_nodes: 6, size: 3 },
    });
    expect(fourth).toMatchObject({ role: 'replica', replication: { master: '127.0.0.1:21301', link: 'up' } });
  });

  it('reports a node that does not answer, or fails, as told', async () => {
    const more = [...nodes, { host: 'h7', address: '127.0.0.1', port: 21307 }];
    const result = await host.run(redisInfo, { nodes: more, password, unanswered: 'report' });
    expect((result.nodes as object[])[6]).toMatchObject({
      host: 'h7',
      problem: expect.stringContaining('ECONNREFUSED'),
    });
    const failed = await host.run(redisInfo, { nodes: more, password, unanswered: 'fail' });
    expect(failed.msg).toContain('h7:21307: ');
  });
});
