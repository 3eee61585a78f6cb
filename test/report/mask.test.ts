import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Mask } from '../../src/report/mask.ts';
import { Unknown } from '../../src/template/values.ts';

function maskOf(...secrets: string[]): Mask {
  const mask = new Mask();
  for (const secret of secrets) mask.add(secret);
  return mask;
}

const secretText = fc.string({ unit: 'binary', minLength: 6, maxLength: 24 }).filter((text) => text.trim().length >= 6);

describe('text', () => {
  it('hides a secret in every form it may take', () => {
    fc.assert(
      fc.property(secretText, fc.string(), fc.string(), (secret, before, after) => {
        const mask = maskOf(secret);
        const base64 = (text: string) => Buffer.from(text).toString('base64');
        expect(mask.text(`${before}${secret}${after}`)).not.toContain(secret);
        expect(mask.text(JSON.stringify(`${before}${secret}`))).not.toContain(JSON.stringify(secret).slice(1, -1));
        expect(mask.text(`x${encodeURIComponent(secret)}`)).not.toContain(encodeURIComponent(secret));
        expect(mask.text(`x ${base64(secret)}`)).not.toContain(base64(secret));
        for (const prefix of ['', 'u', 'us', 'user:']) {
          const whole = base64(`${prefix}${secret}:more`);
          expect(mask.text(whole)).not.toBe(whole);
        }
      }),
    );
  });

  it('hides the longer of two secrets first', () => {
    expect(maskOf('open', 'open sesame').text('say open sesame')).toBe('say ********');
  });

  it('hides the lines of a private key one by one', () => {
    const key = '-----BEGIN KEY-----\nabcdefghijkl\n-----END KEY-----\n';
    expect(maskOf(key).text('    abcdefghijkl')).toBe('    ********');
  });

  it('hides a short secret only where it is the whole value', () => {
    const mask = maskOf('ab', '');
    expect(mask.text('cab')).toBe('cab');
    expect(mask.value({ password: 'ab', other: 'cab' })).toEqual({ password: '********', other: 'cab' });
  });
});

describe('value', () => {
  it('reaches keys, lists, numbers and values that only the run can know', () => {
    const mask = maskOf('s3cret', '4711');
    expect(mask.value({ s3cret: ['a s3cret b', 4711, null, true] })).toEqual({
      '********': ['a ******** b', '********', null, true],
    });
    expect(mask.value(new Unknown('of s3cret'))).toEqual(new Unknown('of ********'));
  });
});
