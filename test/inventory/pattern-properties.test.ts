import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Inventory } from '../../src/inventory/contract.ts';
import { loadInventory } from '../../src/inventory/inventory.ts';
import { selectHosts } from '../../src/inventory/patterns.ts';

/** One term of a pattern as data: its text is printed from it, and what it names is counted by hand. */
interface Term {
  readonly sign: '' | '&' | '!';
  readonly text: string;
  readonly hosts: readonly string[];
}

const groups: Readonly<Record<string, readonly string[]>> = {
  web: ['web1', 'web2', 'web3', 'web4'],
  db: ['dba', 'dbb', 'dbc', 'web4'],
  odd: ['web1', 'web3', 'dbb'],
};
const hosts = [...new Set(Object.values(groups).flat())];

let inventory: Inventory;
let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'rcdeploy-pattern-properties-'));
  const sections = Object.entries(groups).map(([group, members]) => `[${group}]\n${members.join('\n')}\n`);
  writeFileSync(join(dir, 'hosts.ini'), sections.join(''));
  inventory = await loadInventory([join(dir, 'hosts.ini')]);
});
afterAll(() => rmSync(dir, { recursive: true }));

const groupName = fc.constantFrom(...Object.keys(groups));
const membersOf = (group: string) => groups[group] ?? [];
const named = (test: RegExp) => hosts.filter((host) => test.test(host));

const range = fc
  .record({ group: groupName, from: fc.nat(4), more: fc.nat(4), open: fc.constantFrom('from', 'to', 'none') })
  .map(({ group, from, more, open }) => ({
    text: `${group}[${open === 'from' ? '' : from}:${open === 'to' ? '' : from + more}]`,
    hosts: membersOf(group).filter(
      (_host, at) => (open === 'from' || at >= from) && (open === 'to' || at <= from + more),
    ),
  }));

const termText = fc.oneof(
  fc.constant({ text: 'all', hosts }),
  groupName.map((group) => ({ text: group, hosts: membersOf(group) })),
  fc.constantFrom(...hosts).map((host) => ({ text: host, hosts: [host] })),
  fc.constantFrom('web?', 'w*').map((text) => ({ text, hosts: named(/^web/) })),
  fc.constantFrom('db[ab]', 'db[!c]').map((text) => ({ text, hosts: ['dba', 'dbb'] })),
  fc.record({ group: groupName, at: fc.integer({ min: -5, max: 5 }) }).map(({ group, at }) => ({
    text: `${group}[${at}]`,
    hosts: membersOf(group).slice(at, at === -1 ? undefined : at + 1),
  })),
  range,
  fc.constant({ text: 'nobody', hosts: [] }),
);

const term: fc.Arbitrary<Term> = fc
  .record({ sign: fc.constantFrom<Term['sign']>('', '&', '!'), named: termText })
  .map(({ sign, named: { text, hosts: own } }) => ({ sign, text, hosts: own }));

/** Spaces and empty terms mean nothing. */
const print = (terms: readonly Term[], separator: string, padding: readonly string[]) =>
  terms.map(({ sign, text }, at) => `${padding[at] ?? ''}${sign}${text}${padding[at] ?? ''}`).join(separator);

it('a pattern that is printed names what its terms name: joined, then intersected, then taken away', () => {
  const padding = fc.array(fc.constantFrom('', ' ', '  '), { maxLength: 6 });
  // Not `::`, because `dba::dba` is an IPv6 address.
  const separator = fc.constantFrom(',', ':', ',,');
  fc.assert(
    fc.property(fc.array(term, { minLength: 1, maxLength: 6 }), separator, padding, (terms, by, blanks) => {
      const all = (sign: Term['sign']) => terms.filter((one) => one.sign === sign).map((one) => one.hosts);
      const plain = all('').length === 0 ? hosts : all('').flat();
      const kept = plain.filter((host) => all('&').every((own) => own.includes(host)));
      const left = kept.filter((host) => !all('!').flat().includes(host));
      expect(selectHosts(inventory, print(terms, by, blanks)).sort()).toEqual([...new Set(left)].sort());
    }),
    { numRuns: 1000 },
  );
});

it('the names of hosts, whatever they are, joined to a pattern name these hosts and no other', async () => {
  const word = fc
    .stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}$/)
    .filter((name) => name !== 'all' && name !== 'ungrouped');
  const name = fc.oneof(word, fc.ipV4(), fc.ipV6());
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(name, { minLength: 1, maxLength: 5 }), fc.nat(), async (names, seed) => {
      const some = await loadInventory([`${names.join(',')},`]);
      const wanted = names.filter((_name, at) => ((seed >> at) & 1) === 1);
      fc.pre(wanted.length > 0);
      expect(selectHosts(some, wanted.join(','))).toEqual(wanted);
      for (const one of wanted) expect(selectHosts(some, one)).toEqual([one]);
    }),
  );
});
