import { isIP } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { canonicalAddress, isSameAddress } from '../../src/template/address.ts';

it.each([
  ['2001:0db8::0:1', '2001:db8::1'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[::1]', '::1'],
  ['0:0:0:0:0:0:0:0', '::'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['::ffff:10.0.0.1', '::ffff:a00:1'],
  ['FE80::0:1%eth0', 'fe80::1%eth0'],
  ['10.0.0.1', '10.0.0.1'],
  ['10.0.0.300', '10.0.0.300'],
  ['[name]', '[name]'],
  ['Redis-1.example', 'Redis-1.example'],
  ['', ''],
])('%s is compared as %s', (written, canonical) => {
  expect(canonicalAddress(written)).toBe(canonical);
});

it('knows one address in two spellings, and two addresses', () => {
  expect(isSameAddress('[2001:DB8::1]', '2001:db8:0::1')).toBe(true);
  expect(isSameAddress('2001:db8::1', '2001:db8::2')).toBe(false);
});

it('takes for an address what Node takes for one', () => {
  const text = fc.string({ unit: fc.constantFrom(...':::::0123456789abcdefF.%[]@/g'), maxLength: 45 });
  const address = fc.oneof(
    fc.ipV6(),
    fc.ipV6().map((one) => `${one}%eth0`),
    fc.ipV4(),
    text,
  );
  fc.assert(
    fc.property(address, (written) => {
      const bare = /^\[(.*)\]$/.exec(written)?.[1] ?? written;
      if (isIP(bare) === 0) expect(canonicalAddress(written)).toBe(written);
      else expect(isIP(canonicalAddress(written))).toBe(isIP(bare));
    }),
    { numRuns: 5000 },
  );
});
