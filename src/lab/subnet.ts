import { mkdir, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { LabError } from './contract.ts';
import { CLAIMS_DIR } from './places.ts';

interface Route {
  readonly network: number;
  readonly mask: number;
}

/** Private ranges in the order in which labs take them. */
const POOLS: readonly (readonly [string, number, number])[] = [
  ['10.77', 0, 255],
  ['172.31', 0, 255],
  ['192.168', 150, 250],
];

/** The machine's routes besides its default route; /proc/net/route has addresses as little-endian hexadecimal. */
export function parseRoutes(text: string): Route[] {
  const routes: Route[] = [];
  for (const line of text.split('\n').slice(1)) {
    const [, destination, , , , , , mask] = line.split(/\s+/);
    if (!destination || !mask || mask === '00000000') continue;
    routes.push({ network: littleEndian(destination), mask: littleEndian(mask) });
  }
  return routes;
}

/** Networks of the machine's own addresses; loopback's has no route in /proc/net/route. */
function ownNetworks(): Route[] {
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
  return addresses
    .filter(({ family }) => family === 'IPv4')
    .map(({ address, netmask }) => ({ network: dottedQuad(address), mask: dottedQuad(netmask) }));
}

function dottedQuad(address: string): number {
  return Buffer.from(address.split('.').map(Number)).readUInt32BE(0);
}

function littleEndian(hex: string): number {
  return Buffer.from(hex, 'hex').readUInt32LE(0);
}

/** Whether a /24 and a route share an address. */
export function overlaps(subnet: string, route: Route): boolean {
  const network = dottedQuad(`${subnet}.0`);
  const common = (route.mask & 0xffffff00) >>> 0;
  return (network & common) >>> 0 === (route.network & common) >>> 0;
}

/** Take a /24 for a lab whose record exists, atomically against labs that come up at the same moment. */
export async function claimSubnet(lab: string, wanted: string | undefined): Promise<string> {
  await mkdir(CLAIMS_DIR, { recursive: true });
  const routes = [...parseRoutes(await readFile('/proc/net/route', 'utf8')), ...ownNetworks()];
  if (wanted !== undefined) {
    if (!/^(\d{1,3})(\.\d{1,3}){2}$/.test(wanted))
      throw new LabError(`subnet '${wanted}': give three octets (10.77.3)`);
    const taken = routes.some((route) => overlaps(wanted, route));
    if (!taken && (await claim(lab, wanted))) return wanted;
    throw new LabError(`subnet ${wanted}.0/24 is in use on this machine: choose another, or leave it out`);
  }
  for (const [prefix, first, last] of POOLS) {
    for (let octet = first; octet <= last; octet++) {
      const subnet = `${prefix}.${octet}`;
      if (routes.some((route) => overlaps(subnet, route))) continue;
      if (await claim(lab, subnet)) return subnet;
    }
  }
  throw new LabError(`no free private /24 on this machine: take labs down, or choose one with --subnet`);
}

/** A claim whose lab vanished without `down` stays taken until a lab of that name uses it or goes down: never raced over. */
async function claim(lab: string, subnet: string): Promise<boolean> {
  const path = `${CLAIMS_DIR}/${subnet}`;
  return symlink(lab, path).then(
    () => true,
    async () => (await readlink(path).catch(() => '')) === lab,
  );
}

/** Give back whatever the lab claimed. */
export async function releaseSubnets(lab: string): Promise<void> {
  for (const subnet of await readdir(CLAIMS_DIR).catch(() => [])) {
    const path = `${CLAIMS_DIR}/${subnet}`;
    if ((await readlink(path).catch(() => '')) === lab) await rm(path, { force: true });
  }
}
