import { describe, expect, it } from 'vitest';
import { parseNodes } from '../../src/redis/node/nodes-line.ts';

const id = (letter: string): string => letter.repeat(40);

describe('parseNodes', () => {
  it('reads the reply of 4.0.7', () => {
    const [first, second] = parseNodes(
      `${id('b')} 127.0.0.1:7002@17002 master - 0 1517303607000 3 connected 10923-16383\n` +
        `${id('3')} 127.0.0.1:7003@17003 slave ${id('1')} 0 1517303606030 4 disconnected\n`,
    );
    expect(first).toMatchObject({
      id: id('b'),
      address: '127.0.0.1',
      port: 7002,
      busPort: 17002,
      configEpoch: 3,
      connected: true,
    });
    expect(first?.slots).toEqual([[10923, 16383]]);
    expect(first?.masterId).toBeUndefined();
    expect(second).toMatchObject({ masterId: id('1'), connected: false, slots: [] });
    expect([...(second?.flags ?? [])]).toEqual(['slave']);
  });

  it('reads a node that does not know its own address, and 3.x without a bus port', () => {
    expect(parseNodes(`${id('a')} :7000@17000 myself,master - 0 0 0 connected`)[0]).toMatchObject({
      address: '',
      port: 7000,
    });
    expect(parseNodes(`${id('a')} 10.0.0.1:7000 myself,master - 0 0 0 connected 5`)[0]).toMatchObject({
      busPort: 0,
      slots: [[5, 5]],
    });
  });

  it('reads hostnames of 7.0, auxiliary fields of 7.2 and IPv6 addresses', () => {
    const line = (place: string): string => `${id('a')} ${place} master - 0 0 1 connected 0-1 2 4-5`;
    expect(parseNodes(line('10.0.0.1:7000@17000,redis-1.example'))[0]).toMatchObject({
      hostname: 'redis-1.example',
      aux: {},
    });
    expect(parseNodes(line('10.0.0.1:7000@17000,,tls-port=0,shard-id=ab'))[0]).toMatchObject({
      hostname: undefined,
      aux: { 'tls-port': '0', 'shard-id': 'ab' },
    });
    expect(parseNodes(line('fd00::1:7000@17000'))[0]).toMatchObject({ address: 'fd00::1', port: 7000, busPort: 17000 });
    expect(parseNodes(line('FD00:0::1:7000@17000'))[0]?.address).toBe('fd00::1');
    expect(parseNodes(line('fd00::1:7000@17000'))[0]?.slots).toEqual([
      [0, 2],
      [4, 5],
    ]);
  });

  it('reads open slots', () => {
    const [line] = parseNodes(
      `${id('a')} 10.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-92 [93->-${id('b')}] [77-<-${id('c')}]`,
    );
    expect(line?.migrating).toEqual(new Map([[93, id('b')]]));
    expect(line?.importing).toEqual(new Map([[77, id('c')]]));
    expect(line?.slots).toEqual([[0, 92]]);
  });

  it('reads failures, handshakes and lost addresses', () => {
    const [failed, shaking, lost] = parseNodes(
      `${id('a')} 10.0.0.1:7000@17000 master,fail - 0 0 1 disconnected\n` +
        `${id('b')} 10.0.0.2:7000@17000 handshake - 0 0 0 connected\n` +
        `${id('c')} :0@0 slave,noaddr ${id('a')} 0 0 0 disconnected\n`,
    );
    expect(failed?.flags.has('fail')).toBe(true);
    expect(shaking?.flags.has('handshake')).toBe(true);
    expect(lost).toMatchObject({ address: '', port: 0, masterId: id('a') });
  });

  it('names a line that makes no sense', () => {
    expect(() => parseNodes('what is this')).toThrow('this line of CLUSTER NODES cannot be read: what is this');
  });
});
