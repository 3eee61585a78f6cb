import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { queryNode } from '../../src/redis/node/client.ts';
import type { NodeQuery } from '../../src/redis/node/contract.ts';
import { ask, askKept, openLocal, Servers, until } from './servers.ts';

const servers = new Servers();
afterEach(async () => await servers.stopAll());

function query(port: number, changes: Partial<NodeQuery> = {}): NodeQuery {
  return { via: 'here', address: '127.0.0.1', port, commands: [['PING']], ...changes };
}

describe('queryNode against real servers', () => {
  it('sends all commands in one pipeline and gives errors back as values', async () => {
    await servers.start(17101);
    const commands = [
      ['PING'],
      ['NOPE', 'secret'],
      ['ROLE'],
      ['GET', 'nothing'],
      ['EVAL', 'return {1, {err = "E inside"}}', '0'],
    ];
    expect(await ask(query(17101, { commands }))).toEqual({
      ok: true,
      replies: [
        'PONG',
        { error: "ERR unknown command 'NOPE'" },
        ['master', 0, []],
        { error: expect.stringMatching(/^CLUSTERDOWN/) },
        [1, { error: 'E inside' }],
      ],
    });
  });

  it('logs in, and says auth when it cannot, without the password', async () => {
    await servers.start(17102, ['--requirepass', 'right-one']);
    expect(await ask(query(17102, { auth: { password: 'right-one' } }))).toEqual({ ok: true, replies: ['PONG'] });
    expect(await ask(query(17102))).toEqual({ ok: false, kind: 'auth', message: 'NOAUTH Authentication required.' });
    const wrong = await ask(query(17102, { auth: { username: 'someone', password: 'wrong-one' } }));
    expect(wrong).toMatchObject({ ok: false, kind: 'auth' });
    expect(JSON.stringify(wrong)).not.toContain('wrong-one');
  });

  it('serves a query with a password where the server has none', async () => {
    await servers.start(17103);
    expect(await ask(query(17103, { auth: { password: 'needless' } }))).toEqual({ ok: true, replies: ['PONG'] });
  });

  it('does not show the password when AUTH is no command there', async () => {
    await servers.start(17104, ['--rename-command', 'AUTH', 'LOGIN']);
    const answer = await ask(query(17104, { auth: { password: 'never-shown' } }));
    expect(answer).toMatchObject({ ok: false, kind: 'auth' });
    expect(JSON.stringify(answer)).not.toContain('never-shown');
  });

  it('tells refused, silent, cut and foreign ports apart', async () => {
    expect(await ask(query(17199))).toMatchObject({ ok: false, kind: 'refused' });
    await servers.start(17105);
    servers.pause(17105);
    const began = performance.now();
    expect(await ask(query(17105, { timeoutMs: 300 }))).toMatchObject({ ok: false, kind: 'timeout' });
    expect(performance.now() - began).toBeLessThan(2000);
    servers.resume(17105);
    expect(await ask(query(17105, { commands: [['SHUTDOWN', 'NOSAVE']] }))).toMatchObject({ ok: false, kind: 'lost' });
    const web = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(17198, '127.0.0.1');
    await until(async () => web.listening, 'the port to listen');
    expect(await ask(query(17198))).toMatchObject({ ok: false });
    web.close();
  });

  it('ends a connection attempt that never comes to an end', async () => {
    const never = async (): Promise<Duplex> => await new Promise(() => undefined);
    expect(await queryNode(never, query(1, { timeoutMs: 100 }))).toMatchObject({ ok: false, kind: 'timeout' });
  });

  it('works over a stream that is no socket and stays half open', async () => {
    await servers.start(17106);
    const overPlainStream = async (): Promise<Duplex> => {
      const socket = await openLocal({ address: '127.0.0.1', port: 17106 })();
      const plain = new Duplex({
        read: () => socket.resume(),
        write: (chunk, _encoding, done) => socket.write(chunk, done),
        destroy: (error, done) => {
          socket.destroy();
          done(error);
        },
      });
      socket.on('data', (chunk) => plain.push(chunk));
      socket.on('end', () => plain.push(null));
      return plain;
    };
    expect(await queryNode(overPlainStream, query(17106))).toEqual({ ok: true, replies: ['PONG'] });
    const began = performance.now();
    const ended = await queryNode(overPlainStream, query(17106, { commands: [['SHUTDOWN', 'NOSAVE']] }));
    expect(ended).toMatchObject({ ok: false, kind: 'lost' });
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

describe('a link to a real server', () => {
  it('serves calls in the order in which they were made, while others are in flight', async () => {
    await servers.start(17111, [], false);
    const link = await askKept(query(17111));
    const slow = link.send([
      ['EVAL', 'for i = 1, 2e7 do end return "OK"', '0'],
      ['INCR', 'n'],
    ]);
    const others = Array.from({ length: 50 }, async () => await link.send([['INCR', 'n'], ['PING']]));
    expect(await slow).toEqual(['OK', 1]);
    expect(await Promise.all(others)).toEqual(others.map((_, index) => [index + 2, 'PONG']));
    link.close();
    await expect(link.send([['PING']])).rejects.toMatchObject({ kind: 'lost' });
  });

  it('gives the replies that ioredis gives, short ones and those of many chunks', async () => {
    await servers.start(17112, [], false);
    const link = await askKept(query(17112));
    const redis = new Redis({ port: 17112, protocol: 2, lazyConnect: true, retryStrategy: () => null });
    await redis.connect();
    const commands = [
      ['SET', 'text', '键 = 值\r\n'.repeat(100_000)],
      ['GET', 'text'],
      ['SADD', 'many', ...Array.from({ length: 5000 }, (_, index) => `member-${index}`)],
      ['SORT', 'many', 'ALPHA'],
      ['EVAL', 'return {1, {2, false, {}}, redis.status_reply("FINE"), ""}', '0'],
      ['COMMAND', 'INFO', 'get'],
      ['GET', 'none'],
      ['STRLEN', 'text'],
      ['CONFIG', 'GET', '*'],
    ];
    const expected = [];
    for (const [name = '', ...words] of commands) expected.push(await redis.call(name, ...words));
    // Ours came second: the set holds all members already.
    expect(await link.send(commands)).toEqual(expected.with(2, 0));
    redis.disconnect();
    link.close();
  });

  it('logs in once, and tells a wrong password when it is opened', async () => {
    await servers.start(17113, ['--requirepass', 'right-one'], false);
    const link = await askKept(query(17113, { auth: { password: 'right-one' } }));
    expect(await link.send([['PING']])).toEqual(['PONG']);
    link.close();
    const wrong = await askKept(query(17113, { auth: { password: 'wrong-one' } })).catch((error: unknown) => error);
    expect(wrong).toMatchObject({ kind: 'auth' });
    expect(String(wrong)).not.toContain('wrong-one');
    const none = await askKept(query(17113));
    await expect(none.send([['PING'], ['PING']])).rejects.toMatchObject({ kind: 'auth' });
    none.close();
  });

  it('tells silence from loss, and outlives the silence', async () => {
    await servers.start(17114, [], false);
    const link = await askKept(query(17114));
    servers.pause(17114);
    await expect(link.send([['PING']], 200)).rejects.toMatchObject({ kind: 'timeout' });
    servers.resume(17114);
    expect(await link.send([['ECHO', 'again']])).toEqual(['again']);
    servers.pause(17114);
    const cut = expect(link.send([['ECHO', 'never']])).rejects.toMatchObject({ kind: 'lost' });
    await servers.kill(17114);
    await cut;
    expect(link.isOpen).toBe(false);
    await expect(askKept(query(17114))).rejects.toMatchObject({ kind: 'refused' });
  });
});

describe('queryNode over TLS', () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'rcdeploy-tls-'));
    const subject = ['-subj', '/CN=node', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const files = ['-keyout', join(directory, 'key.pem'), '-out', join(directory, 'cert.pem')];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...files], {
      stdio: 'ignore',
    });
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('checks the certificate and speaks TLS on the client port', async () => {
    const cert = join(directory, 'cert.pem');
    const tls = ['--tls-port', '17108', '--tls-cert-file', cert, '--tls-key-file', join(directory, 'key.pem')];
    await servers.start(17107, [...tls, '--tls-ca-cert-file', cert, '--tls-auth-clients', 'no']);
    const ca = readFileSync(cert, 'utf8');
    expect(await ask(query(17108, { tls: { ca } }))).toEqual({ ok: true, replies: ['PONG'] });
    const unknown = await ask(query(17108, { tls: {} }));
    expect(unknown).toMatchObject({ ok: false, kind: 'other', message: expect.stringMatching(/self.signed/) });
    expect(await ask(query(17107, { tls: { ca }, timeoutMs: 1000 }))).toMatchObject({ ok: false });
  });
});
