import { canonicalAddress } from '../template/address.ts';

type Sections = (name: string) => string[];

interface Interface {
  device: string;
  mtu: number;
  active: boolean;
  type: string;
  macaddress?: string;
  ipv4?: { address: string; netmask: string; network: string; broadcast: string; prefix: string };
  ipv4_secondaries?: { address: string; netmask: string; network: string; broadcast: string; prefix: string }[];
  ipv6?: { address: string; prefix: string; scope: string }[];
}

/** Ansible's network facts, from sysfs, procfs and one `ip` (or ifconfig where there is none). */
export function networkFacts(section: Sections): Record<string, unknown> {
  const interfaces = new Map<string, Interface>();
  for (const line of section('links')) {
    const [device = '', mtu = '0', address = '-', state = ''] = line.split(' ');
    const type = device === 'lo' ? 'loopback' : 'ether';
    const mac = address === '-' || device === 'lo' ? {} : { macaddress: address };
    interfaces.set(device, { device, mtu: Number(mtu), active: state !== 'down', type, ...mac });
  }
  const all4: string[] = [];
  for (const { device, address, prefix } of addresses4(section('addresses'))) {
    const found = interfaces.get(device);
    if (found === undefined) continue;
    const entry = ipv4Entry(address, prefix);
    if (found.ipv4 === undefined) found.ipv4 = entry;
    else found.ipv4_secondaries = [...(found.ipv4_secondaries ?? []), entry];
    if (!address.startsWith('127.')) all4.push(address);
  }
  const all6: string[] = [];
  for (const line of section('if6')) {
    const [hex = '', , prefix = '', scope = '', , device = ''] = line.trim().split(/\s+/);
    const address = ipv6Text(hex);
    const found = interfaces.get(device);
    if (found === undefined) continue;
    const name = { '00': 'global', '10': 'host', '20': 'link', '40': 'site' }[scope] ?? 'global';
    found.ipv6 = [...(found.ipv6 ?? []), { address, prefix: String(Number.parseInt(prefix, 16)), scope: name }];
    if (address !== '::1') all6.push(address);
  }
  const byName = [...interfaces.values()].map((entry) => [entry.device.replace(/[-:.]/g, '_'), entry]);
  return {
    interfaces: [...interfaces.keys()],
    ...Object.fromEntries(byName),
    all_ipv4_addresses: all4,
    all_ipv6_addresses: all6,
    default_ipv4: default4(section('route'), interfaces),
    default_ipv6: default6(section('route6'), interfaces),
    dns: dnsFacts(section('dns')),
  };
}

function addresses4(lines: readonly string[]): { device: string; address: string; prefix: number }[] {
  let device = '';
  return lines.flatMap((line) => {
    const ip = /^\d+:\s+(\S+)\s+inet\s+([\d.]+)(?:\s+peer\s+\S+?)?(?:\/(\d+))?/.exec(line);
    if (ip !== null) return [{ device: ip[1] ?? '', address: ip[2] ?? '', prefix: Number(ip[3] ?? 32) }];
    device = /^(\S+?):?\s/.exec(line)?.[1] ?? device;
    const old = /inet (?:addr:)?([\d.]+).*?(?:netmask |Mask:)([\d.]+)/.exec(line);
    if (old === null) return [];
    const bits = (old[2] ?? '')
      .split('.')
      .map((part) => Number(part).toString(2))
      .join('')
      .replaceAll('0', '').length;
    return [{ device, address: old[1] ?? '', prefix: bits }];
  });
}

function ipv4Entry(address: string, prefix: number) {
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const mask = prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
  const network = (number & mask) >>> 0;
  const text = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
  return {
    address,
    netmask: text(mask),
    network: text(network),
    broadcast: prefix >= 31 || address.startsWith('127.') ? '' : text((network | ~mask) >>> 0),
    prefix: String(prefix),
  };
}

function ipv6Text(hex: string): string {
  return canonicalAddress(hex.match(/.{4}/g)?.join(':') ?? '');
}

function default4(routes: readonly string[], interfaces: ReadonlyMap<string, Interface>): Record<string, unknown> {
  const best = routes
    .map((line) => line.trim().split(/\s+/))
    .filter(([, destination, , , , , , mask]) => destination === '00000000' && mask === '00000000')
    .sort((one, two) => Number(one[6]) - Number(two[6]))[0];
  const found = best?.[0] === undefined ? undefined : interfaces.get(best[0]);
  if (best === undefined || found?.ipv4 === undefined) return {};
  const gateway = (best[2] ?? '')
    .match(/../g)
    ?.reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.');
  const { device, macaddress, mtu, type } = found;
  return { ...found.ipv4, gateway, interface: device, alias: device, macaddress, mtu, type };
}

function default6(routes: readonly string[], interfaces: ReadonlyMap<string, Interface>): Record<string, unknown> {
  const best = routes
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([destination = '1', length, , , , , , , , device]) =>
        /^0+$/.test(destination) && length === '00' && device !== 'lo',
    )
    .sort((one, two) => Number.parseInt(one[5] ?? '', 16) - Number.parseInt(two[5] ?? '', 16))[0];
  const found = interfaces.get(best?.[9] ?? '');
  const address = found?.ipv6?.find(({ scope }) => scope === 'global') ?? found?.ipv6?.[0];
  if (best === undefined || found === undefined || address === undefined) return {};
  return {
    ...address,
    gateway: ipv6Text(best[4] ?? ''),
    interface: found.device,
    macaddress: found.macaddress,
    mtu: found.mtu,
    type: found.type,
  };
}

function dnsFacts(lines: readonly string[]): Record<string, unknown> {
  const words = (key: string) =>
    lines.filter((line) => line.startsWith(key)).flatMap((line) => line.trim().split(/\s+/).slice(1));
  const search = words('search');
  return { nameservers: words('nameserver'), ...(search.length === 0 ? {} : { search }) };
}
