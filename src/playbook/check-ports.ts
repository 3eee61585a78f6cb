import type { Diagnostic, Span } from '../errors/diagnostic.ts';
import { formatSpan } from '../errors/diagnostic.ts';
import type { Inventory } from '../inventory/contract.ts';
import { spanOf } from '../source/positions.ts';
import { canonicalAddress } from '../template/address.ts';
import { type HostVariables, isPort } from './check-inventory.ts';
import { isTemplate } from './coerce.ts';

/** The cluster bus listens at the client port plus this, unless `cluster-port` says otherwise. */
const BUS_OFFSET = 10_000;

/** A TCP port that a node will take on a machine. */
interface Taken {
  readonly host: string;
  readonly port: number;
  /** The node's client port. */
  readonly node: number;
  readonly span: Span | undefined;
}

/** Nodes of one machine that would take each other's port, directory or file. */
export function checkPorts(inventory: Inventory, variables: ReadonlyMap<string, HostVariables>): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const machines = new Map<string, Map<number, Taken>>();
  const redis = new Set(inventory.groups.get('redis')?.hosts ?? []);
  for (const [host, find] of variables) {
    const declared = find('redis_ports');
    if (declared === undefined && !redis.has(host)) continue;
    const ports = declared?.value ?? [6379];
    if (isTemplate(ports)) continue;
    const span = declared === undefined ? undefined : spanOf(declared.vars, 'redis_ports');
    if (!Array.isArray(ports)) {
      const hint = 'like `redis_ports: [7000, 7001]`';
      diagnostics.push({
        severity: 'error',
        code: 'wrong-type',
        message: 'redis_ports must be a list of ports',
        span,
        hint,
      });
      continue;
    }
    const machine = machineOf(host, find);
    const taken = machines.get(machine) ?? new Map<number, Taken>();
    machines.set(machine, taken);
    for (const [index, value] of ports.entries()) {
      diagnostics.push(...takePort(value, { host, find, span: spanOf(ports, index) ?? span }, taken));
    }
  }
  return diagnostics;
}

interface Node {
  readonly host: string;
  readonly find: HostVariables;
  readonly span: Span | undefined;
}

function* takePort(value: unknown, { host, find, span }: Node, taken: Map<number, Taken>): Generator<Diagnostic> {
  if (isTemplate(value)) return;
  if (!isPort(value)) {
    const message = `a port must be a whole number from 1 to 65535, not ${JSON.stringify(value)}`;
    yield { severity: 'error', code: 'wrong-type', message, span };
    return;
  }
  const node = Number(value);
  const ports = [node];
  if (!hasOwnBusPort(find)) {
    ports.push(node + BUS_OFFSET);
    if (node + BUS_OFFSET > 65_535) {
      const message = `port ${node} leaves no room for its cluster bus: ${node} + ${BUS_OFFSET} is above 65535`;
      yield { severity: 'error', code: 'port-collision', message, span, hint: 'take a port of at most 55535' };
    }
  }
  for (const port of ports) {
    const other = taken.get(port);
    if (other !== undefined) {
      // The bus ports of two equal client ports are equal too: one mistake.
      yield collision({ host, port, node, span }, other);
      return;
    }
    taken.set(port, { host, port, node, span });
  }
}

/** `cluster-port` in `redis_config` moves the bus away. */
function hasOwnBusPort(find: HostVariables): boolean {
  const config = find('redis_config')?.value;
  return typeof config === 'object' && config !== null && 'cluster-port' in config;
}

function collision(mine: Taken, other: Taken): Diagnostic {
  const role = ({ port, node }: Taken) => (port === node ? `port ${node}` : `the cluster bus of ${node} (${port})`);
  const where =
    other.host === mine.host ? `also on ${mine.host}` : `on ${other.host}, the same machine as ${mine.host}`;
  const at = other.span === undefined ? '' : ` (${formatSpan(other.span)})`;
  const what =
    mine.port === mine.node && other.port === other.node
      ? `port ${mine.port} is taken twice`
      : `${role(mine)} collides with ${role(other)}`;
  return {
    severity: 'error',
    code: 'port-collision',
    message: `${what}: ${where}${at}`,
    span: mine.span,
    hint: 'give each node of a machine a port of its own; its cluster bus takes that port + 10000',
  };
}

/**
 * Two inventory names of one machine have the same address. Behind one address different SSH ports are different machines
 * (containers, port forwarding), unless their nodes say that they share it.
 */
function machineOf(host: string, find: HostVariables): string {
  const constant = (name: string) => {
    const value = find(name)?.value;
    return value === undefined || value === null || isTemplate(value) ? undefined : String(value);
  };
  const address = constant('redis_address');
  if (address !== undefined) return `address ${canonicalAddress(address)}`;
  if (constant('ansible_connection') === 'local') return 'local';
  return `${canonicalAddress(constant('ansible_host') ?? host)} port ${constant('ansible_port') ?? '22'}`;
}
