import { nearest } from '../source/nearest.ts';
import { keySpanOf, spanOf } from '../source/positions.ts';
import { loadYaml } from '../source/yaml-file.ts';
import type { InventoryBuilder } from './builder.ts';
import { expandRange } from './ranges.ts';

const GROUP_KEYS = ['hosts', 'children', 'vars'];

/** An inventory in YAML: groups at the top, each with `hosts`, `children` and `vars`. */
export function readYamlInventory(file: string, builder: InventoryBuilder): void {
  const { value, diagnostics } = loadYaml(file);
  builder.diagnostics.push(...diagnostics);
  if (value === null) return;
  if (!isMap(value)) {
    builder.error(
      'bad-inventory',
      'an inventory is a map of groups',
      spanOf(value),
      'start with `all:` and `hosts:` below it',
    );
    return;
  }
  for (const [name, group] of Object.entries(value)) readGroup(name, group, value, builder);
}

function readGroup(name: string, body: unknown, container: object, builder: InventoryBuilder): void {
  const nameSpan = keySpanOf(container, name);
  if (!/^[A-Za-z_][\w-]*$/.test(name)) {
    builder.error(
      'bad-group-name',
      `'${name}' cannot be the name of a group`,
      nameSpan,
      'use letters, digits and underscores',
    );
  }
  builder.group(name);
  if (body === null) return;
  if (!isMap(body)) {
    builder.error('bad-group', `group '${name}' must be a map of hosts, children and vars`, spanOf(container, name));
    return;
  }
  for (const [key, value] of Object.entries(body)) {
    if (key === 'hosts') readHosts(name, value, body, builder);
    else if (key === 'children') readChildren(name, value, body, builder);
    else if (key === 'vars') readVars(name, value, body, builder);
    else {
      const near = nearest(key, GROUP_KEYS);
      const hint = near ? `did you mean '${near}'?` : 'a group has hosts, children and vars; variables go under vars';
      builder.error('unknown-key', `unknown key '${key}' in group '${name}'`, keySpanOf(body, key), hint);
    }
  }
}

function readHosts(group: string, hosts: unknown, container: object, builder: InventoryBuilder): void {
  if (hosts === null) return;
  if (!isMap(hosts)) {
    builder.error(
      'bad-hosts',
      `hosts of group '${group}' must be a map`,
      spanOf(container, 'hosts'),
      'write each host as `name:`, with its variables below it',
    );
    return;
  }
  for (const [pattern, vars] of Object.entries(hosts)) {
    const names = expandRange(pattern);
    if (!names) {
      builder.error(
        'bad-range',
        `'${pattern}' is not a range of hosts`,
        keySpanOf(hosts, pattern),
        'write web[01:10], db[a:f] or web[0:20:2]',
      );
      continue;
    }
    if (vars !== null && !isMap(vars)) {
      builder.error('bad-host', `the variables of host '${pattern}' must be a map`, spanOf(hosts, pattern));
      continue;
    }
    for (const name of names)
      builder.addHost(group, name, vars ? { origin: `inventory host ${name}`, vars } : undefined);
  }
}

function readChildren(group: string, children: unknown, container: object, builder: InventoryBuilder): void {
  if (children === null) return;
  if (!isMap(children)) {
    builder.error(
      'bad-children',
      `children of group '${group}' must be a map`,
      spanOf(container, 'children'),
      'write each child as `name:`',
    );
    return;
  }
  for (const [child, body] of Object.entries(children)) {
    builder.addChild(group, child, keySpanOf(children, child));
    readGroup(child, body, children, builder);
  }
}

function readVars(group: string, vars: unknown, container: object, builder: InventoryBuilder): void {
  if (vars === null) return;
  if (!isMap(vars)) builder.error('bad-vars', `vars of group '${group}' must be a map`, spanOf(container, 'vars'));
  else builder.group(group).vars.push({ origin: `inventory group ${group}`, vars });
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
