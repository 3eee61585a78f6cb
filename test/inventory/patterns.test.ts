import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Inventory } from '../../src/inventory/contract.ts';
import { loadInventory } from '../../src/inventory/inventory.ts';
import { selectHosts } from '../../src/inventory/patterns.ts';
import { expandRange } from '../../src/inventory/ranges.ts';

let inventory: Inventory;
let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'rcdeploy-patterns-'));
  writeFileSync(
    join(dir, 'hosts.ini'),
    '[web]\nweb[1:4]\n[db]\ndb[a:c]\nweb4\n[zone1]\nweb1\ndba\n[site:children]\nweb\ndb\n',
  );
  inventory = await loadInventory([join(dir, 'hosts.ini')]);
});

describe('host patterns', () => {
  it.each<[string, string[]]>([
    ['all', ['web1', 'dba', 'web2', 'web3', 'web4', 'dbb', 'dbc']],
    ['*', ['web1', 'dba', 'web2', 'web3', 'web4', 'dbb', 'dbc']],
    ['', ['web1', 'dba', 'web2', 'web3', 'web4', 'dbb', 'dbc']],
    ['db', ['dba', 'dbb', 'dbc', 'web4']],
    ['web:db', ['web1', 'web2', 'web3', 'web4', 'dba', 'dbb', 'dbc']],
    ['dbb,web1', ['dbb', 'web1']],
    ['site:&zone1', ['web1', 'dba']],
    ['!db:site', ['web1', 'web2', 'web3']],
    ['web:db:!dbc:&zone1', ['web1', 'dba']],
    ['!web', ['dba', 'dbb', 'dbc']],
    ['web?', ['web1', 'web2', 'web3', 'web4']],
    ['~web[13]', ['web1', 'web3']],
    ['~(web|db)b', ['dbb']],
    ['web[0]', ['web1']],
    ['web[-1]', ['web4']],
    ['web[1:2]', ['web2', 'web3']],
    ['web[2:]', ['web3', 'web4']],
    ['web[9]', []],
    ['web[-5]', []],
    ['nobody', []],
    ['localhost', ['localhost']],
    [',,web1', ['web1']],
  ])('%j', (pattern, hosts) => {
    expect(selectHosts(inventory, pattern)).toEqual(hosts);
  });

  it('reads terms from a file', () => {
    const file = join(dir, 'limit');
    writeFileSync(file, '# comment\nweb2\n\n!web1\nweb1\n');
    expect(selectHosts(inventory, `@${file}`)).toEqual(['web2']);
  });

  it('joins, then intersects, then takes away, whatever the order of terms', () => {
    const terms = ['web', 'db', '&zone1', '!dba'];
    fc.assert(
      fc.property(fc.shuffledSubarray(terms, { minLength: 4 }), (order) => {
        expect(selectHosts(inventory, order.join(':')).sort()).toEqual(['web1']);
      }),
    );
  });
});

describe('ranges', () => {
  it.each<[string, string[] | null]>([
    ['web', ['web']],
    ['web[01:03]', ['web01', 'web02', 'web03']],
    ['web[8:10].x', ['web8.x', 'web9.x', 'web10.x']],
    ['r[a:c]', ['ra', 'rb', 'rc']],
    ['n[0:10:5]', ['n0', 'n5', 'n10']],
    ['a[1:2]b[1:2]', ['a1b1', 'a1b2', 'a2b1', 'a2b2']],
    ['web[3:1]', null],
    ['web[x]', null],
    ['web[1:a]', null],
  ])('%s', (text, names) => {
    expect(expandRange(text)).toEqual(names);
  });
});
