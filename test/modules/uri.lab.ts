import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { localHost, userlands } from './local-host.ts';

const directory = mkdtempSync(join(tmpdir(), 'rcdeploy-uri-'));

/** Tells what it was asked; some paths have a will of their own. */
const answer: RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString();
    const { url = '', method, headers } = request;
    if (url === '/silent') return;
    if (url.startsWith('/to/')) {
      const [, , status = '302', place = ''] = url.split('/');
      response.writeHead(Number(status), { Location: decodeURIComponent(place) }).end();
    } else if (url === '/cut') request.socket.destroy();
    else {
      response.setHeader('Content-Type', 'application/json; charset=utf-8');
      response.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2']);
      response.end(
        JSON.stringify({
          method,
          url,
          body,
          type: headers['content-type'],
          login: headers.authorization,
          mine: headers['x-mine'],
          agent: headers['user-agent'],
        }),
      );
    }
  });
};

describe('uri', () => {
  const [userland] = userlands();
  if (userland === undefined) throw new Error('no userland');
  const host = localHost(userland, join(directory, 'cache'));
  const servers: Server[] = [];
  let [plain, other, tls] = ['', '', ''];
  const listen = async (server: Server) => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  beforeAll(async () => {
    const [key, cert] = [join(directory, 'key'), join(directory, 'cert')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '1',
        '-subj',
        '/CN=localhost',
        '-keyout',
        key,
        '-out',
        cert,
      ],
      { stdio: 'ignore' },
    );
    plain = `http://127.0.0.1:${await listen(createServer(answer))}`;
    other = `http://127.0.0.1:${await listen(createServer(answer))}`;
    tls = `https://127.0.0.1:${await listen(createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, answer))}`;
  });
  afterAll(() => {
    for (const server of servers) server.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const ask = (args: Record<string, unknown>) => host.task('uri', args);

  test('sends bodies, headers and logins as Ansible does', async () => {
    expect(await ask({ url: `${plain}/a?b=c` })).toMatchObject({
      status: 200,
      changed: false,
      redirected: false,
      content_type: 'application/json; charset=utf-8',
      cookies: { a: '1', b: '2' },
      json: { method: 'GET', url: '/a?b=c', body: '', agent: 'ansible-httpget' },
    });
    const json = await ask({
      url: plain,
      method: 'post',
      body: { x: [1] },
      body_format: 'json',
      headers: { 'X-Mine': 'yes' },
    });
    expect(json.json).toMatchObject({ method: 'POST', body: '{"x":[1]}', type: 'application/json', mine: 'yes' });
    const form = await ask({
      url: plain,
      method: 'PUT',
      body: { a: 'b c', d: ['1', '2'] },
      body_format: 'form-urlencoded',
    });
    expect(form.json).toMatchObject({ body: 'a=b+c&d=1&d=2', type: 'application/x-www-form-urlencoded' });
    const login = await ask({ url: plain, url_username: 'me', url_password: 'secret' });
    expect((login.json as Record<string, unknown>).login).toBe(`Basic ${Buffer.from('me:secret').toString('base64')}`);
  });

  test('follows redirects as far as it may, and takes no login to another server', async () => {
    const to = (status: number, url: string) => `${plain}/to/${status}/${encodeURIComponent(url)}`;
    const followed = await ask({ url: to(302, `${other}/there`), url_username: 'me', url_password: 'secret' });
    expect(followed).toMatchObject({ redirected: true, url: `${other}/there`, json: { url: '/there' } });
    expect((followed.json as Record<string, unknown>).login).toBeUndefined();
    await expect(ask({ url: to(302, '/there'), method: 'POST', body: 'x' })).rejects.toThrow(
      'Status code was 302 and not [200]',
    );
    const all = await ask({ url: to(302, '/there'), method: 'POST', body: 'x', follow_redirects: 'all' });
    expect(all.json).toMatchObject({ method: 'GET', body: '' });
    const kept = await ask({ url: to(307, '/there'), method: 'POST', body: 'x', follow_redirects: 'all' });
    expect(kept.json).toMatchObject({ method: 'POST', body: 'x' });
    expect(await ask({ url: to(301, '/there'), follow_redirects: 'none', status_code: [301] })).toMatchObject({
      status: 301,
    });
    const round = to(302, 'ROUND').replace('ROUND', '');
    await expect(ask({ url: round })).rejects.toThrow(/redirects more than|Status code/);
  });

  test('checks certificates unless it is told not to', async () => {
    await expect(ask({ url: tls })).rejects.toThrow(/Status code was -1 .*self.signed/i);
    expect(await ask({ url: `${tls}/safe`, validate_certs: false })).toMatchObject({
      status: 200,
      json: { url: '/safe' },
    });
  });

  test('nor does get_url, which gives no login to another host', async () => {
    const get = (url: string, more = {}) =>
      host.task('get_url', { url, dest: join(directory, 'got'), force: true, url_username: 'me', ...more });
    await expect(get(`${tls}/x`)).rejects.toThrow(/could not be fetched: .*self.signed/i);
    const got = () => JSON.parse(readFileSync(join(directory, 'got'), 'utf8')) as Record<string, unknown>;
    await get(`${tls}/to/302/${encodeURIComponent('/here')}`, { validate_certs: false });
    expect(got()).toMatchObject({ url: '/here', login: `Basic ${Buffer.from('me:').toString('base64')}` });
    await get(`${tls}/to/307/${encodeURIComponent(`${plain}/there`)}`, { validate_certs: false });
    expect([got().url, got().login]).toEqual(['/there', undefined]);
    const round = `${tls}/to/302/${encodeURIComponent('/to/302/')}`;
    await expect(get(round, { validate_certs: false })).rejects.toThrow('leads to more than 10 other addresses');
    await expect(get(`${tls}/cut`, { validate_certs: false })).rejects.toThrow('could not be fetched');
  });

  test('ends where the server says nothing or goes away', async () => {
    await expect(ask({ url: `${plain}/silent`, timeout: 1 })).rejects.toThrow('no answer within 1 s');
    await expect(ask({ url: `${plain}/cut` })).rejects.toThrow('Status code was -1');
    await expect(ask({ url: 'http://127.0.0.1:1/' })).rejects.toThrow('ECONNREFUSED');
    await expect(ask({ url: 'ftp://x/' })).rejects.toThrow('only http and https');
    await expect(ask({ url: 'nonsense' })).rejects.toThrow('is no address');
  });
});
