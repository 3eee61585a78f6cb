import { mkdir, readFile, readlink, rm, stat, symlink } from 'node:fs/promises';
import { LabError } from './contract.ts';
import { CLAIMS_DIR, LABS_DIR } from './places.ts';

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

function littleEndian(hex: string): number {
  return Buffer.from(hex, 'hex').readUInt32LE(0);
}

/** Whether a /24 and a route share an address. */
export function overlaps(subnet: string, route: Route): boolean {
  const [a = 0, b = 0, c = 0] = subnet.split('.').map(Number);
  const network = ((a << 24) | (b << 16) | (c << 8)) >>> 0;
  const common = (route.mask & 0xffffff00) >>> 0;
  return (network & common) >>> 0 === (route.network & common) >>> 0;
}

/** Take a /24 for the lab, atomically against labs that come up at the same moment. */
export async function claimSubnet(lab: string, wanted: string | undefined): Promise<string> {
  await mkdir(CLAIMS_DIR, { recursive: true });
  const routes = parseRoutes(await readFile('/proc/net/route', 'utf8'));
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

async function claim(lab: string, subnet: string): Promise<boolean> {
  const path = `${CLAIMS_DIR}/${subnet}`;
  if (await linkTo(lab, path)) return true;
  const owner = await readlink(path).catch(() => '');
  const ownerLives = owner !== '' && (await stat(`${LABS_DIR}/${owner}`).catch(() => undefined)) !== undefined;
  if (ownerLives && owner !== lab) return false;
  await rm(path, { force: true });
  return linkTo(lab, path);
}

async function linkTo(lab: string, path: string): Promise<boolean> {
  return symlink(lab, path).then(
    () => true,
    () => false,
  );
}

export async function releaseSubnet(lab: string, subnet: string): Promise<void> {
  const path = `${CLAIMS_DIR}/${subnet}`;
  if ((await readlink(path).catch(() => '')) === lab) await rm(path, { force: true });
}
