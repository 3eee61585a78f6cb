import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnreachableError } from '../../src/errors/errors.ts';
import { openNodeLink, queryNode } from '../../src/redis/node/client.ts';
import type { NodeAccess, NodeLink } from '../../src/redis/node/contract.ts';
import { encodeCommands } from '../../src/redis/node/resp.ts';

const ACCESS: NodeAccess = { via: 'here', address: '127.0.0.1', port: 1 };

/** The far end of a stream: what was written to it, and what it says. */
class FarEnd {
  readonly written: string[] = [];
  onWrite: () => void = () => undefined;
  readonly stream = new Duplex({
    read: () => undefined,
    write: (chunk, _encoding, done) => {
      this.written.push(String(chunk));
      done();
      this.onWrite();
    },
  });
  say(bytes: Buffer | string): void {
    this.stream.push(bytes);
  }
}

async function linked(access: Partial<NodeAccess> = {}): Promise<{ far: FarEnd; link: NodeLink }> {
  const far = new FarEnd();
  return { far, link: await openNodeLink(async () => far.stream, { ...ACCESS, ...access }) };
}

describe('encodeCommands', () => {
  it('counts bytes, not characters', () => {
    expect(
      encodeCommands([
        ['SET', 'k', '键'],
        ['GET', ''],
      ]),
    ).toBe('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\n键\r\n*2\r\n$3\r\nGET\r\n$0\r\n\r\n');
  });
});

describe('a link', () => {
  it('calls commands what this node calls them', async () => {
    const { far, link } = await linked({ renamed: { config: 'cfg-1', CLUSTER: 'clu-2' } });
    const call = link.send([['CONFIG', 'GET', 'cluster'], ['INFO'], ['cluster', 'NODES']]);
    expect(far.written.join('')).toBe(encodeCommands([['cfg-1', 'GET', 'cluster'], ['INFO'], ['clu-2', 'NODES']]));
    far.say('+a\r\n+b\r\n+c\r\n');
    expect(await call).toEqual(['a', 'b', 'c']);
    link.close();
  });

  it('gives each call its own replies, in order, however the bytes are cut', async () => {
    const replies = Buffer.from(
      '+OK\r\n$6\r\n键值\r\n*2\r\n:-7\r\n*1\r\n-ERR inside\r\n$-1\r\n-ERR alone\r\n$0\r\n\r\n',
    );
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: replies.length - 1 })), async (cuts) => {
        const { far, link } = await linked();
        const calls = [link.send([['A'], ['B']]), link.send([['C']]), link.send([['D'], ['E'], ['F']])];
        const places = [0, ...cuts.sort((a, b) => a - b), replies.length];
        for (const [index, start] of places.slice(0, -1).entries()) far.say(replies.subarray(start, places[index + 1]));
        expect(await Promise.all(calls)).toEqual([
          ['OK', '键值'],
          [[-7, [{ error: 'ERR inside' }]]],
          [null, { error: 'ERR alone' }, ''],
        ]);
        link.close();
      }),
    );
  });

  it('sends a call at once, while others are in flight', async () => {
    const { far, link } = await linked();
    const first = link.send([['FIRST']]);
    const second = link.send([['SECOND']]);
    expect(far.written.join('')).toBe(encodeCommands([['FIRST'], ['SECOND']]));
    far.say('+1\r\n+2\r\n');
    expect([await first, await second]).toEqual([['1'], ['2']]);
  });

  it('drops the late replies of a call that had no time left, and serves the next', async () => {
    const { far, link } = await linked();
    await expect(link.send([['SLOW'], ['SLOW']], 10)).rejects.toMatchObject({ kind: 'timeout' });
    const next = link.send([['NEXT']]);
    far.say('+late\r\n+late\r\n+next\r\n');
    expect(await next).toEqual(['next']);
    expect(link.isOpen).toBe(true);
  });

  it('fails all that is in flight as lost when it is cut, and what comes later without sending it', async () => {
    const { far, link } = await linked();
    const calls = [link.send([['A'], ['B']]), link.send([['C']])];
    const outcomes = Promise.allSettled(calls);
    far.say('+A\r\n');
    far.say(null as unknown as string);
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({
        reason: { kind: 'lost', message: expect.stringMatching(/outcome is not known/) },
      });
    }
    expect(link.isOpen).toBe(false);
    const sent = far.written.length;
    await expect(link.send([['D']])).rejects.toMatchObject({ message: expect.stringMatching(/nothing was sent/) });
    expect(far.written).toHaveLength(sent);
    expect(far.stream.destroyed).toBe(true);
  });

  it('ends with what nobody asked for, and with what is not RESP', async () => {
    const turnedAway = await linked();
    turnedAway.far.say('-DENIED Redis is running in protected mode\r\n');
    const refused = turnedAway.link.send([['PING']]);
    await expect(refused).rejects.toMatchObject({ kind: 'other', message: expect.stringMatching(/^DENIED/) });
    for (const nonsense of [
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      '*99999999999999\r\n',
      '*2\r\n+OK\r\n?\r\n',
      '*1\r\n'.repeat(100_000),
    ]) {
      const { far, link } = await linked();
      const call = link.send([['PING']], 1000);
      far.say(nonsense);
      await expect(call).rejects.toMatchObject({ kind: 'other' });
      expect(far.stream.destroyed).toBe(true);
    }
  });

  it('does not take a flood for an answer', async () => {
    const { far, link } = await linked();
    const call = link.send([['PING']]);
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    far.say('$999999999\r\n');
    const flood = setInterval(() => far.stream.destroyed || far.say(chunk), 0);
    await expect(call).rejects.toMatchObject({ kind: 'other', message: expect.stringMatching(/more than 32 MiB/) });
    clearInterval(flood);
  });
});

describe('the login of a link', () => {
  const auth = { username: 'operator', password: 'the-secret' };

  it('comes first, and its refusal is told without the password', async () => {
    const far = new FarEnd();
    const opening = openNodeLink(async () => far.stream, { ...ACCESS, auth });
    far.onWrite = () => far.say("-ERR unknown command 'AUTH', with args beginning with: 'operator' 'the-secret'\r\n");
    const refused = await opening.catch((error: unknown) => error);
    expect(refused).toMatchObject({ kind: 'auth', message: "ERR unknown command 'AUTH'" });
    expect(far.written).toEqual([encodeCommands([['AUTH', 'operator', 'the-secret']])]);
    expect(far.stream.destroyed).toBe(true);
  });

  it('fails a query whose commands were served all the same', async () => {
    const far = new FarEnd();
    far.onWrite = () => {
      if (far.written.length === 2) far.say('-WRONGPASS no\r\n+PONG\r\n');
    };
    const answer = await queryNode(async () => far.stream, { ...ACCESS, auth, commands: [['PING']] });
    expect(answer).toEqual({ ok: false, kind: 'auth', message: 'WRONGPASS no' });
  });

  it('is needless where no password is set', async () => {
    const far = new FarEnd();
    far.onWrite = () =>
      far.say('-ERR AUTH <password> called without any password configured for the default user.\r\n');
    expect((await openNodeLink(async () => far.stream, { ...ACCESS, auth })).isOpen).toBe(true);
  });
});

describe('the way to a node', () => {
  it('has a limit, and a stream that comes later is let go', async () => {
    const far = new FarEnd();
    let open: (stream: Duplex) => void = () => undefined;
    const opening = new Promise<Duplex>((resolve) => {
      open = resolve;
    });
    await expect(openNodeLink(() => opening, ACCESS, 10)).rejects.toMatchObject({ kind: 'timeout' });
    open(far.stream);
    await opening;
    expect(far.stream.destroyed).toBe(true);
  });

  it('tells a refused port from a lost host', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    await expect(openNodeLink(() => Promise.reject(refused), ACCESS)).rejects.toMatchObject({ kind: 'refused' });
    const lost = new UnreachableError('here', 'gone');
    await expect(openNodeLink(() => Promise.reject(lost), ACCESS)).rejects.toBe(lost);
    await expect(queryNode(() => Promise.reject(lost), { ...ACCESS, commands: [] })).rejects.toBe(lost);
  });
});
