import { isIP } from 'node:net';

/**
 * An IP address as it is compared: IPv6 in its canonical form (RFC 5952: lower case, no leading zeros, the longest run of zeros left
 * out), without brackets. People and servers write one address in many ways. What is no IP address comes back as it is.
 */
export function canonicalAddress(text: string): string {
  const address = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (isIP(address) === 0) return text;
  if (isIP(address) === 4) return address;
  const [plain = '', zone] = address.split('%');
  const canonical = new URL(`http://[${plain}]`).hostname.slice(1, -1);
  return zone === undefined ? canonical : `${canonical}%${zone}`;
}

/** Whether both are one address, or one name. */
export function isSameAddress(a: string, b: string): boolean {
  return a === b || canonicalAddress(a) === canonicalAddress(b);
}
