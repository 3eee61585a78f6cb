import fc from 'fast-check';
import { expect, test } from 'vitest';
import { overlaps, parseRoutes } from '../../src/lab/subnet.ts';

const table = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
tun0\t00104D0A\t00000000\t0001\t0\t0\t0\t00F0FFFF\t0\t0\t0
`;

test('routes besides the default one', () => {
  expect(parseRoutes(table)).toEqual([
    { network: 0xac110000, mask: 0xffff0000 },
    { network: 0x0a4d1000, mask: 0xfffff000 },
  ]);
});

test.each([
  ['172.17.200', true],
  ['172.18.0', false],
  ['10.77.16', true],
  ['10.77.31', true],
  ['10.77.32', false],
])('%s overlaps: %s', (subnet, expected) => {
  expect(parseRoutes(table).some((route) => overlaps(subnet, route))).toBe(expected);
});

test('a /24 overlaps exactly the networks that hold it or lie in it', () => {
  const octet = fc.nat({ max: 255 });
  fc.assert(
    fc.property(
      octet,
      octet,
      octet,
      octet,
      octet,
      octet,
      octet,
      fc.integer({ min: 1, max: 32 }),
      (a, b, c, d, e, f, g, bits) => {
        const mask = (0xffffffff << (32 - bits)) >>> 0;
        const network = (((d << 24) | (e << 16) | (f << 8) | g) & mask) >>> 0;
        const [low, high] = [network, (network | ~mask) >>> 0];
        const [first, last] = [
          ((a << 24) | (b << 16) | (c << 8)) >>> 0,
          ((a << 24) | (b << 16) | (c << 8) | 255) >>> 0,
        ];
        expect(overlaps(`${a}.${b}.${c}`, { network, mask })).toBe(first <= high && low <= last);
      },
    ),
  );
});
