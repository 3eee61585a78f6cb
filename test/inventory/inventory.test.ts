import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors/errors.ts';
import type { Inventory } from '../../src/inventory/contract.ts';
import { loadInventory } from '../../src/inventory/inventory.ts';

function tree(files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'rcdeploy-inventory-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  return dir;
}

/** The value that wins, unrendered. */
function winner(inventory: Inventory, host: string, name: string, playbookDir?: string): unknown {
  return inventory.layersOf(host, playbookDir).findLast(({ vars }) => Object.hasOwn(vars, name))?.vars[name];
}

describe('inventory', () => {
  it('reads YAML with nested groups and ranges', async () => {
    const dir = tree({
      'hosts.yml':
        'all:\n  vars: {a: 1}\n  children:\n    redis:\n      hosts:\n        r[1:2]: {zone: z1}\n      children: {edge: {hosts: {e1:}}}\nother:\n  hosts: {r1:}\n',
    });
    const inventory = await loadInventory([dir]);
    expect(inventory.groups.get('redis')?.hosts).toEqual(['r1', 'r2', 'e1']);
    expect(inventory.groups.get('all')?.hosts).toEqual(['r1', 'r2', 'e1']);
    expect(inventory.hosts.get('r1')?.groupNames).toEqual(['other', 'redis']);
    expect(inventory.hosts.get('e1')?.groupNames).toEqual(['edge', 'redis']);
    expect(winner(inventory, 'r2', 'zone')).toBe('z1');
  });

  it('lets the nearer level win, in the order that Ansible has', async () => {
    const levels = [
      'all-file',
      'group-file',
      'inv-gv-all',
      'pb-gv-all',
      'inv-gv-g',
      'pb-gv-g',
      'host-file',
      'inv-hv',
      'pb-hv',
    ];
    const own = (level: number) =>
      levels
        .map((_, at) => [at, levels[level]] as const)
        .filter(([at]) => at >= level)
        .map(([at, text]) => `v${at}: ${text}`)
        .join('\n');
    const indent = (text: string, by: number) => text.replace(/^/gm, ' '.repeat(by));
    const dir = tree({
      'inv/hosts.yml': `all:\n  vars:\n${indent(own(0), 4)}\n  children:\n    g:\n      vars:\n${indent(own(1), 8)}\n      hosts:\n        h:\n${indent(own(6), 10)}\n`,
      'inv/group_vars/all.yml': own(2),
      'inv/group_vars/g.yml': own(4),
      'inv/host_vars/h.yml': own(7),
      'play/group_vars/all/one.yml': own(3),
      'play/group_vars/g': own(5),
      'play/host_vars/h.json': JSON.stringify({ v8: 'pb-hv' }),
    });
    const inventory = await loadInventory([join(dir, 'inv')]);
    expect(levels.map((_, at) => winner(inventory, 'h', `v${at}`, join(dir, 'play')))).toEqual(levels);
  });

  it('orders groups by depth, priority and name', async () => {
    const dir = tree({
      'h.ini':
        '[b]\nh\n[a]\nh\n[c:children]\nd\n[d]\nh\n[a:vars]\nx=a\ny=a\n[b:vars]\nx=b\ny=b\nansible_group_priority=0\n[d:vars]\nx=d\n',
    });
    const inventory = await loadInventory([join(dir, 'h.ini')]);
    expect(winner(inventory, 'h', 'x')).toBe('d');
    expect(winner(inventory, 'h', 'y')).toBe('a');
  });

  it('reads INI values as the literals that they are', async () => {
    const dir = tree({
      h: 'h a=1 b="two words" c=True d=[1,\'x\'] e=plain # comment\n[all:vars]\nf=1.5\ng={"k": None}\n',
    });
    const inventory = await loadInventory([join(dir, 'h')]);
    expect(['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => winner(inventory, 'h', name))).toEqual([
      1,
      'two words',
      true,
      [1, 'x'],
      'plain',
      1.5,
      { k: null },
    ]);
  });

  it('asks a program, and takes a list of hosts', async () => {
    const dir = tree({
      'dyn.sh':
        '#!/bin/sh\necho \'{"g": {"hosts": ["x"], "vars": {"a": 1}}, "_meta": {"hostvars": {"x": {"b": 2}}}}\'\n',
    });
    chmodSync(join(dir, 'dyn.sh'), 0o755);
    const inventory = await loadInventory([join(dir, 'dyn.sh'), 'y1,y2,']);
    expect([...inventory.hosts.keys()]).toEqual(['x', 'y1', 'y2']);
    expect([winner(inventory, 'x', 'a'), winner(inventory, 'x', 'b')]).toEqual([1, 2]);
    expect(inventory.groups.get('ungrouped')?.hosts).toEqual(['y1', 'y2']);
  });

  it('reports every mistake at once, each at its place', async () => {
    const dir = tree({
      'a.yml': 'all:\n  hots: {}\n  hosts: [h1]\n  children:\n    redis:\n      hosts: {"r[3:1]":, r1: 5}\n',
      'b.ini': '[g:childs]\nx\n[ok]\nh bad\n',
      'group_vars/all.yml': '- 1\n',
    });
    const error = await loadInventory([dir]).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(InputError);
    const found = (error as InputError).diagnostics.map(
      ({ code, span }) => `${span?.file.slice(dir.length + 1)}:${span?.line}:${span?.column} ${code}`,
    );
    expect(found).toEqual([
      'a.yml:2:3 unknown-key',
      'a.yml:3:10 bad-hosts',
      'a.yml:6:15 bad-range',
      'a.yml:6:30 bad-host',
      'b.ini:1:1 bad-section',
      'b.ini:4:3 bad-host-variable',
      'group_vars/all.yml:1:1 bad-vars-file',
    ]);
  });

  it('names an inventory that is not there', async () => {
    await expect(loadInventory(['/nonexistent/x'])).rejects.toThrow(/does not exist/);
  });
});
