import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { openVault, useVaultSecrets } from '../../src/vault/keyring.ts';
import { isVault, openSealed, parseVault, sealVault, VaultError } from '../../src/vault/vault-text.ts';

/** `hello: wörld` and a newline, by ansible-vault 2.14 with the password `pw`. */
const byAnsible = {
  '1.1': `$ANSIBLE_VAULT;1.1;AES256
64316231313230383337626136616134326339373563306165363137366462343436383434316165
3638323935346133646262316565323035333866353266390a333138393062633533623739613732
38333537363339333762653730356366373463303266623736333862623336353736373135393834
3861316666623538390a383363343336643364336435323237623263643562343639623562363932
3332
`,
  '1.2': `$ANSIBLE_VAULT;1.2;AES256;dev
61626233336463663038323437613939636561636132636134313766393834653163343138313338
3730666631366163623439376330373064646432333539660a323666653338316566383539346138
36626133623862376161393830653930303530316665386339373034613430633839373464663064
6234376634353965330a303038383861386166626431616338306530653838306664396132653131
3234
`,
};

const secret = { id: 'default', password: 'pw' };

afterEach(() => useVaultSecrets([]));

describe('vaults', () => {
  it.each(['1.1', '1.2'] as const)('of version %s that ansible-vault wrote are opened', (version) => {
    const sealed = parseVault(byAnsible[version]);
    expect(sealed.id).toBe(version === '1.1' ? 'default' : 'dev');
    expect(openSealed(sealed, 'pw')?.toString()).toBe('hello: wörld\n');
    expect(openSealed(sealed, 'wrong')).toBeUndefined();
  });

  it('come back as they were, whatever the content and password', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.string({ minLength: 1 }), (bytes, password) => {
        const content = Buffer.from(bytes);
        const text = sealVault(content, { id: 'a', password });
        expect(isVault(text)).toBe(true);
        expect(text.split('\n').every((line) => line.length <= 80)).toBe(true);
        expect(openSealed(parseVault(text), password)).toEqual(content);
      }),
      { numRuns: 50 },
    );
  });

  it('that were changed anywhere are not opened', () => {
    const text = sealVault(Buffer.from('content'), secret);
    const digits = [...text].flatMap((char, index) => (index > 33 && char !== '\n' ? [index] : []));
    fc.assert(
      fc.property(fc.constantFrom(...digits), fc.constantFrom(...'0123456789abcdef'), (index, digit) => {
        fc.pre(text[index] !== digit);
        const changed = text.slice(0, index) + digit + text.slice(index + 1);
        let opened: Buffer | undefined;
        try {
          const sealed = parseVault(changed);
          // An inner digit in upper case means the same.
          fc.pre(JSON.stringify(sealed) !== JSON.stringify(parseVault(text)));
          opened = openSealed(sealed, secret.password);
        } catch (error) {
          if (!(error instanceof VaultError)) throw error;
        }
        expect(opened).toBeUndefined();
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['hello', 'this is no vault'],
    ['$ANSIBLE_VAULT;1.0;AES\n00', 'version 1.0'],
    ['$ANSIBLE_VAULT;1.1;AES256\n', 'pairs of hexadecimal digits'],
    ['$ANSIBLE_VAULT;1.1;AES256\n0', 'pairs of hexadecimal digits'],
    ['$ANSIBLE_VAULT;1.1;AES256\n00zz', 'pairs of hexadecimal digits'],
    ['$ANSIBLE_VAULT;1.1;AES256\n30300a3030', 'three parts'],
    ['$ANSIBLE_VAULT;9;ROT13\n00', 'version 9 with ROT13'],
  ])('that are none are named: %s', (text, expected) => {
    expect(() => parseVault(text)).toThrow(expected);
  });
});

describe('the keyring', () => {
  it('says which id a vault wants and what was tried', () => {
    expect(() => openVault(byAnsible['1.2'])).toThrow(
      "encrypted with the vault id 'dev', and no vault password was given",
    );
    useVaultSecrets([{ id: 'prod', password: 'x' }]);
    expect(() => openVault(byAnsible['1.2'])).toThrow(
      "no password that was given (prod) opens this vault with the vault id 'dev'",
    );
  });

  it('tries every password', () => {
    useVaultSecrets([
      { id: 'dev', password: 'wrong' },
      { id: 'other', password: 'pw' },
    ]);
    expect(openVault(byAnsible['1.2']).toString()).toBe('hello: wörld\n');
  });
});
