import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { NodeQuery } from '../../src/redis/node/contract.ts';
import { KeptLinks } from '../../src/redis/node/kept-links.ts';

const PING: NodeQuery = { via: 'here', address: '127.0.0.1', port: 1, commands: [['PING']] };

/** Streams whose far ends answer what `answers` says; `undefined` is silence, `null` the end. */
class Node {
  readonly streams: Duplex[] = [];
  answers: (nth: number) => string | null | undefined = (nth) => `+${nth}\r\n`;
  readonly open = async (): Promise<Duplex> => {
    const nth = this.streams.length + 1;
    const stream: Duplex = new Duplex({
      read: () => undefined,
      write: (_chunk, _encoding, done) => {
        done();
        const answer = this.answers(nth);
        if (answer !== undefined) stream.push(answer);
      },
    });
    this.streams.push(stream);
    return stream;
  };
}

const said = (text: string) => ({ ok: true, replies: [text] });

describe('kept links', () => {
  it('serve one question after the other, and several reads at once', async () => {
    const node = new Node();
    const links = new KeptLinks();
    const reads = await Promise.all([1, 2, 3].map(async () => await links.query(node.open, PING, true)));
    expect([...reads, await links.query(node.open, PING, false)]).toEqual([1, 2, 3, 4].map(() => said('1')));
    expect(node.streams).toHaveLength(1);
  });

  it('are one for each node and login', async () => {
    const node = new Node();
    const links = new KeptLinks();
    await links.query(node.open, PING, true);
    await links.query(node.open, { ...PING, port: 2 }, true);
    node.answers = (nth) => `+OK\r\n+${nth}\r\n`;
    await links.query(node.open, { ...PING, auth: { password: 'p' } }, true);
    expect(node.streams).toHaveLength(3);
  });

  it('are not shared with what may change something and take its time', async () => {
    const node = new Node();
    const links = new KeptLinks();
    node.answers = (nth) => (nth === 1 ? undefined : `+${nth}\r\n`);
    const slow = links.query(node.open, { ...PING, timeoutMs: 100 }, true);
    expect(await links.query(node.open, PING, false)).toEqual(said('2'));
    expect(await slow).toMatchObject({ ok: false, kind: 'timeout' });
    expect(await links.query(node.open, PING, true)).toEqual(said('3'));
    expect(node.streams.slice(0, 2).map(({ destroyed }) => destroyed)).toEqual([true, true]);
  });

  it('are made anew for a read when they turn out to be cut, never for a change', async () => {
    for (const [isRead, expected] of [
      [true, said('2')],
      [false, { ok: false, kind: 'lost' }],
    ] as const) {
      const node = new Node();
      const links = new KeptLinks();
      await links.query(node.open, PING, true);
      node.answers = (nth) => (nth === 1 ? null : `+${nth}\r\n`);
      expect(await links.query(node.open, PING, isRead)).toMatchObject(expected);
    }
  });

  it('are made anew when they were cut meanwhile, or let go', async () => {
    const node = new Node();
    const links = new KeptLinks();
    await links.query(node.open, PING, false);
    node.streams[0]?.destroy();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await links.query(node.open, PING, false)).toEqual(said('2'));
    links.drop();
    expect(await links.query(node.open, PING, false)).toEqual(said('3'));
    expect(node.streams.map(({ destroyed }) => destroyed)).toEqual([true, true, false]);
    links.close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(node.streams[2]?.destroyed).toBe(true);
  });

  it('are let go after the questions that are on their way', async () => {
    const node = new Node();
    const links = new KeptLinks();
    const asked = links.query(node.open, PING, true);
    links.close();
    expect(await asked).toEqual(said('1'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(node.streams[0]?.destroyed).toBe(true);
  });
});
