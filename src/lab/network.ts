import { readdir } from 'node:fs/promises';
import { runCommand, tryCommand } from './command.ts';
import { cableOf, type LabPlaces } from './places.ts';

/** Above this many hosts, full meshes overflow the kernel's table of learnt neighbours (1024 for all namespaces). */
const LEARNT_NEIGHBOURS_UP_TO = 16;

export interface Cable {
  readonly number: number;
  /** A process in the host's network namespace. */
  readonly pid: number;
}

export function hostAddress(subnet: string, number: number): string {
  return `${subnet}.${number}`;
}

/** The same host's address in a unique local network (RFC 4193) derived from the lab's subnet. */
export function hostAddress6(subnet: string, number: number): string {
  const [a = 0, b = 0, c = 0] = subnet.split('.').map(Number);
  const text = `fd77:${a.toString(16)}:${b.toString(16)}:${c.toString(16)}::${number.toString(16)}`;
  // As hosts print it (RFC 5952): no zero beside `::`.
  return new URL(`http://[${text}]`).hostname.slice(1, -1);
}

/** Derived from the address, so that every host can be told every neighbour. */
export function hardwareAddress(subnet: string, number: number): string {
  const octets = [...subnet.split('.').map(Number), number].map((octet) => octet.toString(16).padStart(2, '0'));
  return `02:00:${octets.join(':')}`;
}

/** The switch that the hosts hang on; the machine itself is .254. */
export async function createBridge(places: LabPlaces, subnet: string): Promise<void> {
  const { bridge } = places;
  await ipBatch([
    `link add ${bridge} address ${hardwareAddress(subnet, 254)} type bridge`,
    `addr add ${hostAddress(subnet, 254)}/24 dev ${bridge}`,
    `addr add ${hostAddress6(subnet, 254)}/64 dev ${bridge} nodad`,
    `link set ${bridge} up`,
  ]);
}

export async function plugIn(
  places: LabPlaces,
  subnet: string,
  cables: readonly Cable[],
  hosts: number,
): Promise<void> {
  // The cable of a host that was just powered off is there until the kernel gets round to its namespace.
  const present = new Set(await readdir('/sys/class/net'));
  for (const { number } of cables) {
    const cable = cableOf(places, number);
    if (present.has(cable)) await tryCommand(['ip', 'link', 'delete', cable]);
  }
  const lines = cables.flatMap(({ number, pid }) => {
    const cable = cableOf(places, number);
    const peer = `peer name eth0 address ${hardwareAddress(subnet, number)} netns ${pid}`;
    return [`link add ${cable} master ${places.bridge} type veth ${peer}`, `link set ${cable} up`];
  });
  if (needsNeighbours(hosts)) {
    lines.push(...neighbourLines(subnet, hosts, places.bridge));
  }
  await ipBatch(lines);
}

export function needsNeighbours(hosts: number): boolean {
  return hosts > LEARNT_NEIGHBOURS_UP_TO;
}

/** Input of `ip -batch` that names every host of the lab to one device. */
export function neighbourLines(subnet: string, hosts: number, device: string): string[] {
  return Array.from({ length: hosts }, (_, index) => {
    const lladdr = hardwareAddress(subnet, index + 1);
    return `neigh replace ${hostAddress(subnet, index + 1)} lladdr ${lladdr} dev ${device} nud permanent`;
  });
}

/** Links that are in use by another mount namespace outlive their hosts, so every one is deleted by name. */
export async function removeLinks(places: LabPlaces): Promise<void> {
  const all = await readdir('/sys/class/net');
  const ours = all.filter((link) => link === places.bridge || link.startsWith(`${places.bridge}-`));
  if (ours.length === 0) return;
  // A cable vanishes by itself when the kernel gets round to its host's namespace, perhaps between the two lines.
  await runCommand(['ip', '-force', '-batch', '-'], { stdin: ours.map((link) => `link del ${link}\n`).join('') }).catch(
    async (error: unknown) => {
      const left = new Set(await readdir('/sys/class/net'));
      if (ours.some((link) => left.has(link))) throw error;
    },
  );
}

export async function setLink(places: LabPlaces, number: number, state: 'up' | 'down'): Promise<void> {
  await runCommand(['ip', 'link', 'set', cableOf(places, number), state]);
}

/** A queue at either end of the cable; a second of traffic waits in it, what comes on top is dropped. */
export async function limitBandwidth(places: LabPlaces, to: Cable, kbits: number | undefined): Promise<void> {
  const inHost = ['nsenter', '-t', String(to.pid), '-n'];
  for (const [prefix, device] of [[[], cableOf(places, to.number)] as const, [inHost, 'eth0'] as const]) {
    const queue = [...prefix, 'tc', 'qdisc'];
    await tryCommand([...queue, 'del', 'dev', device, 'root']);
    if (kbits === undefined) continue;
    const rate = ['rate', `${kbits}kbit`, 'burst', '16kb', 'latency', '1s'];
    await runCommand([...queue, 'add', 'dev', device, 'root', 'tbf', ...rate]);
  }
}

/** Loads rules into a host's own packet filter. */
export async function loadRules(pid: number, rules: string): Promise<void> {
  await runCommand(['nsenter', '-t', String(pid), '-n', 'nft', '-f', '-'], { stdin: rules });
}

const TABLE = 'table inet rcdeploy_lab';

export function dropRules(what: { port: number } | { peer: string }): string {
  const [incoming, outgoing] =
    'port' in what
      ? [`tcp dport ${what.port} drop`, `tcp sport ${what.port} drop`]
      : [`ip saddr ${what.peer} drop`, `ip daddr ${what.peer} drop`];
  return `
add ${TABLE}
add chain inet rcdeploy_lab incoming { type filter hook input priority 0; }
add chain inet rcdeploy_lab outgoing { type filter hook output priority 0; }
add rule inet rcdeploy_lab incoming ${incoming}
add rule inet rcdeploy_lab outgoing ${outgoing}
`;
}

export const NO_DROP_RULES = `add ${TABLE}\ndelete ${TABLE}\n`;

async function ipBatch(lines: readonly string[]): Promise<void> {
  await runCommand(['ip', '-batch', '-'], { stdin: `${lines.join('\n')}\n` });
}
