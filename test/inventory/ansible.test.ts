import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { loadInventory } from '../../src/inventory/inventory.ts';
import { selectHosts } from '../../src/inventory/patterns.ts';
import { hasOracle } from '../template/oracle.ts';

interface Answer {
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly vars: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly selected: readonly (readonly string[] | null)[];
}

interface Case {
  readonly text: string;
  readonly patterns: readonly string[];
}

const groupNames = ['a', 'bb', 'c1', 'd', 'web', 'e-x'];
const hostNames = ['h1', 'h2', 'h3', 'web1', 'db.example', 'x'];
const variables = ['v1', 'v2', 'v3'];

/** Groups whose children come later in the list, so that none contains itself. */
const group = fc.record({
  hosts: fc.uniqueArray(fc.constantFrom(...hostNames), { maxLength: 4 }),
  children: fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 2 }),
  vars: fc.uniqueArray(fc.constantFrom(...variables), { maxLength: 3 }),
  priority: fc.option(fc.integer({ min: 1, max: 3 }), { freq: 4 }),
});

const inventory = fc
  .tuple(
    fc.array(group, { minLength: 3, maxLength: 6 }),
    fc.uniqueArray(fc.constantFrom(...hostNames), { maxLength: 3 }),
  )
  .map(([groups, loose]) => {
    const lines = loose.map((host, index) => (index % 2 === 0 ? host : `${host} v1=host-${host}`));
    groups.forEach(({ hosts, children, vars, priority }, index) => {
      const name = groupNames[index];
      const below = children
        .map((step) => groupNames[index + step])
        .filter((_, at) => index + (children[at] ?? 0) < groups.length);
      lines.push(`[${name}]`, ...hosts.map((host, at) => (at === 1 ? `${host} v2=in-${name}` : host)));
      if (below.length > 0) lines.push(`[${name}:children]`, ...below.map(String));
      if (vars.length > 0) lines.push(`[${name}:vars]`, ...vars.map((one) => `${one}=${name}-${one}`));
      if (priority !== null && vars.length > 0) lines.push(`ansible_group_priority=${priority}`);
    });
    return `${lines.join('\n')}\n[all:vars]\nv3=all\n`;
  });

const name = fc.constantFrom(...groupNames, ...hostNames, 'all', 'nosuch', 'h*', '*', 'web?', '~h[12]', '~(a|bb)$');
const subscript = fc.constantFrom('', '', '', '[0]', '[-1]', '[0:1]', '[1:]', '[7]');
const term = fc
  .tuple(fc.constantFrom('', '', '', '!', '&'), name, subscript)
  .map(([mark, base, part]) => (base.startsWith('~') ? mark + base : mark + base + part));
const pattern = fc
  .tuple(fc.array(term, { minLength: 1, maxLength: 4 }), fc.constantFrom(':', ','))
  // Where a regular expression comes first, colons are its own here; Ansible parts it at them.
  .map(([terms, separator]) => terms.join(terms[0]?.startsWith('~') ? ',' : separator));

const cases: readonly Case[] = fc
  .sample(fc.tuple(inventory, fc.array(pattern, { minLength: 12, maxLength: 12 })), { numRuns: 60, seed: 4 })
  .map(([text, patterns]) => ({ text, patterns }));

function askAnsible(): readonly Answer[] {
  const script = join(import.meta.dirname, 'oracle.py');
  const done = spawnSync('/usr/bin/python3', [script], {
    input: JSON.stringify(cases),
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 64 << 20,
  });
  if (done.status !== 0) throw new Error(`the oracle failed: ${done.stderr}`);
  return JSON.parse(done.stdout) as readonly Answer[];
}

describe.skipIf(!hasOracle('ansible'))('inventories as Ansible reads them (skipped without Ansible)', () => {
  const dir = mkdtempSync(join(tmpdir(), 'rcdeploy-inventories-'));
  const answers = hasOracle('ansible') ? askAnsible() : [];
  afterAll(() => rmSync(dir, { recursive: true }));

  it.each(cases.map((one, index) => [index, one, answers[index]] as const))(
    'inventory %d',
    async (index, one, answer) => {
      const file = join(dir, `${index}.ini`);
      writeFileSync(file, one.text);
      const ours = await loadInventory([file]);
      const sorted = (names: readonly string[]) => [...names].sort();
      // Below the second level the order of hosts is that of a Python set.
      const groups = [...ours.groups.values()].map((each) => [each.name, sorted(each.hosts)]);
      expect(Object.fromEntries(groups), one.text).toEqual(
        Object.fromEntries(Object.entries(answer?.groups ?? {}).map(([each, hosts]) => [each, sorted(hosts)])),
      );
      for (const host of ours.hosts.keys()) {
        const merged = Object.assign({}, ...ours.layersOf(host, undefined).map(({ vars }) => vars));
        delete merged.ansible_group_priority;
        expect(merged, `${host} of\n${one.text}`).toEqual(answer?.vars[host]);
      }
      // A subscript behind the end is an IndexError there, and nobody here.
      // A subscript counts hosts in their order, and what a glob matches has none that is told.
      const inOrder = [...ours.groups.values()].every(
        (each) => each.hosts.join() === answer?.groups[each.name]?.join(),
      );
      for (const [at, each] of one.patterns.entries()) {
        const hosts = answer?.selected[at];
        if (hosts && (!each.includes('[') || (inOrder && !/[*?]/.test(each))))
          expect(sorted(selectHosts(ours, each)), `${each} of\n${one.text}`).toEqual(sorted(hosts));
      }
    },
  );
});
