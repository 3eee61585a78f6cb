import { execFileSync } from 'node:child_process';
import type { InventoryBuilder } from './builder.ts';

const TIMEOUT_MS = 60_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** An executable that answers `--list` with Ansible's JSON: groups of hosts, children and vars, and `_meta.hostvars`. */
export function readDynamicInventory(file: string, builder: InventoryBuilder): void {
  const span = { file, line: 1, column: 1, endLine: 1, endColumn: 1 };
  let answer: unknown;
  try {
    answer = JSON.parse(
      execFileSync(file, ['--list'], {
        encoding: 'utf8',
        timeout: TIMEOUT_MS,
        maxBuffer: MOST_BYTES,
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    const message = `inventory program failed: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
    builder.error(
      'inventory-program',
      message,
      span,
      said === '' ? 'it must print JSON when called with --list' : `it said: ${said}`,
    );
    return;
  }
  if (!isMap(answer)) {
    builder.error('inventory-program', 'inventory program printed no JSON object', span);
    return;
  }
  const meta = isMap(answer._meta) && isMap(answer._meta.hostvars) ? answer._meta.hostvars : {};
  for (const [name, body] of Object.entries(answer)) if (name !== '_meta') readGroup(name, body, builder);
  for (const [host, vars] of Object.entries(meta)) {
    if (isMap(vars) && builder.hosts.has(host))
      builder.hosts.get(host)?.vars.push({ origin: `inventory host ${host}`, vars });
  }
}

function readGroup(name: string, body: unknown, builder: InventoryBuilder): void {
  builder.group(name);
  const { hosts, children, vars } = Array.isArray(body)
    ? { hosts: body, children: [], vars: {} }
    : isMap(body)
      ? body
      : {};
  if (Array.isArray(hosts)) for (const host of hosts) builder.addHost(name, String(host));
  if (Array.isArray(children)) for (const child of children) builder.addChild(name, String(child), undefined);
  if (isMap(vars)) builder.group(name).vars.push({ origin: `inventory group ${name}`, vars });
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
