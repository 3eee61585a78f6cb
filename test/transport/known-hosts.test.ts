import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { judgeKey, knownName, orderAlgorithms, parseKnownHosts } from '../../src/transport/known-hosts.ts';

/** A key blob as on the wire: its type, then something of its own. */
function blob(type: string, body: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), Buffer.from(body)]);
}
const mine = blob('ssh-ed25519', 'mine');
const other = blob('ssh-ed25519', 'other');
const rsa = blob('ssh-rsa', 'rsa');
const line = (hosts: string, key: Buffer, marker = '') => {
  const type = key.subarray(4, 4 + key.readUInt32BE(0)).toString();
  return `${marker}${hosts} ${type} ${key.toString('base64')} a comment`;
};
const judge = (text: string, name = 'h1.example', key = mine) => judgeKey(parseKnownHosts('kh', text), name, key);

function hashed(name: string): string {
  const salt = Buffer.from('0123456789abcdefghij');
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

test.each([
  ['h1.example', 'h1.example'],
  ['H1.Example', 'h1.example'],
  ['other,h1.example', 'h1.example'],
  ['*.example', 'h1.example'],
  ['h?.example', 'h1.example'],
  ['[h1.example]:2222', '[h1.example]:2222'],
  [hashed('h1.example'), 'h1.example'],
  [hashed('[h1.example]:2222'), '[h1.example]:2222'],
])('%s stands for %s', (hosts, name) => {
  expect(judge(line(hosts, mine), name).kind).toBe('known');
});

test.each([
  ['h1.example', '[h1.example]:2222'],
  ['[h1.example]:2222', 'h1.example'],
  ['*.example,!h1.example', 'h1.example'],
  ['h1xexample', 'h1.example'],
  ['h.*', 'h1.example'],
  [hashed('h2.example'), 'h1.example'],
])('%s does not stand for %s', (hosts, name) => {
  expect(judge(line(hosts, mine), name).kind).toBe('unknown');
});

describe('verdicts', () => {
  test('a changed key names its line', () => {
    expect(judge(`# comment\n\n${line('h1.example', other)}`)).toMatchObject({ kind: 'changed', was: { line: 3 } });
  });

  test('one of several keys of a host is enough', () => {
    expect(judge(`${line('h1.example', other)}\n${line('h1.example', mine)}`).kind).toBe('known');
  });

  test('a revoked key is refused wherever its line stands', () => {
    const text = `${line('h1.example', mine)}\n${line('*', mine, '@revoked ')}`;
    expect(judge(text)).toMatchObject({ kind: 'revoked', by: { line: 2 } });
    expect(judge(line('h2.example', mine, '@revoked ')).kind).toBe('unknown');
  });

  test('an authority says nothing of a plain key, and a plain line wins', () => {
    expect(judge(line('*', other, '@cert-authority ')).kind).toBe('authority');
    expect(judge(`${line('*', other, '@cert-authority ')}\n${line('h1.example', mine)}`).kind).toBe('known');
  });

  test('a key of another type is neither known nor changed', () => {
    expect(judge(line('h1.example', rsa))).toMatchObject({ kind: 'unknown', others: [{ type: 'ssh-rsa' }] });
  });

  test('lines that cannot be read are passed over', () => {
    expect(judge(`h1.example\n@unknown h1.example ssh-ed25519 AAAA\n${line('h1.example', mine)}`).kind).toBe('known');
  });
});

test('algorithms of known keys come first', () => {
  const known = parseKnownHosts('kh', line('h1', rsa));
  const all = ['ssh-ed25519', 'rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'];
  expect(orderAlgorithms(known, 'h1', all)).toEqual(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa', 'ssh-ed25519']);
  expect(orderAlgorithms(known, 'h2', all)).toEqual(all);
});

test('the port stands in the name unless it is 22', () => {
  expect([knownName('H1', 22), knownName('fe80::1', 2222)]).toEqual(['h1', '[fe80::1]:2222']);
});
