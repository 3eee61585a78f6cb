import type { Diagnostic } from '../errors/diagnostic.ts';
import type { Inventory } from '../inventory/contract.ts';
import { spanOf } from '../source/positions.ts';
import { checkClusterName } from './check-cluster-name.ts';
import { checkPorts } from './check-ports.ts';
import { isTemplate, readBoolean } from './coerce.ts';

/** A variable of a host as it stands in the sources, from the layer that wins. */
export interface HostVariable {
  readonly value: unknown;
  readonly vars: Readonly<Record<string, unknown>>;
}

export type HostVariables = (name: string) => HostVariable | undefined;

/** What a connection variable must be; `undefined` when it is fine. Templates are judged when they are rendered. */
type Rule = (value: unknown) => string | undefined;

const text: Rule = (value) => (typeof value === 'string' || typeof value === 'number' ? undefined : 'must be text');
const bool: Rule = (value) => (readBoolean(value) === undefined ? 'must be true or false' : undefined);
const oneOf =
  (...words: string[]): Rule =>
  (value) =>
    words.includes(String(value)) ? undefined : `must be ${words.join(' or ')}`;

const rules: Readonly<Record<string, Rule>> = {
  ansible_host: text,
  ansible_port: (value) => (isPort(value) ? undefined : 'must be a port, a whole number from 1 to 65535'),
  ansible_user: text,
  ansible_connection: oneOf('ssh', 'local', 'smart', 'paramiko'),
  ansible_ssh_private_key_file: text,
  ansible_password: text,
  ansible_ssh_common_args: text,
  ansible_remote_tmp: text,
  ansible_become: bool,
  ansible_become_user: text,
  ansible_become_method: oneOf('sudo', 'su', 'doas'),
  ansible_become_password: text,
  ansible_become_exe: text,
  ansible_become_flags: text,
  zone: text,
};

export function isPort(value: unknown): boolean {
  const port = typeof value === 'string' && /^\s*\d+\s*$/.test(value) ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535;
}

/** Connection variables of the wrong type, nodes that would take each other's port or files, and two clusters taken for one. */
export function checkInventory(
  inventory: Inventory,
  hosts: readonly string[],
  playbookDir: string | undefined,
): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const variables = new Map<string, HostVariables>();
  for (const host of hosts) {
    const layers = inventory.layersOf(host, playbookDir);
    const find: HostVariables = (name) => {
      const vars = layers.findLast((layer) => Object.hasOwn(layer.vars, name))?.vars;
      return vars === undefined ? undefined : { value: vars[name], vars };
    };
    variables.set(host, find);
    diagnostics.push(...checkConnection(host, find));
  }
  return [...diagnostics, ...checkPorts(inventory, variables), ...checkClusterName(inventory, variables)];
}

function* checkConnection(host: string, find: HostVariables): Generator<Diagnostic> {
  for (const [name, rule] of Object.entries(rules)) {
    const found = find(name);
    if (found === undefined || found.value === null || isTemplate(found.value)) continue;
    const problem = rule(found.value);
    if (problem === undefined) continue;
    const shown = name.endsWith('password') ? '' : `, not ${JSON.stringify(found.value)}`;
    const span = spanOf(found.vars, name);
    // The same line is wrong for all hosts of a group: without a host's name it is told once.
    const message = `${name} ${problem}${shown}`;
    yield {
      severity: 'error',
      code: 'wrong-type',
      message: span === undefined ? `${host}: ${message}` : message,
      span,
    };
  }
}
