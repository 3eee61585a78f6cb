import { isIPv4 } from 'node:net';

/**
 * An IP address as it is compared: IPv6 in its canonical form (RFC 5952: lower case, no leading zeros, the longest run of zeros left
 * out), without brackets. People and servers write one address in many ways. What is no IP address comes back as it is.
 */
export function canonicalAddress(text: string): string {
  const address = /^\[(.*)\]$/.exec(text)?.[1] ?? text;
  if (isIPv4(address)) return address;
  // Node's own test for IPv6 is an expression that takes 3 ms to be compiled, a hundredth of a run.
  const [, plain, zone = ''] = /^([\da-f:.]*:[\da-f:.]*)(%[\da-z.:-]+)?$/i.exec(address) ?? [];
  const url = `http://[${plain}]`;
  return plain !== undefined && URL.canParse(url) ? `${new URL(url).hostname.slice(1, -1)}${zone}` : text;
}

/** Whether both are one address, or one name. */
export function isSameAddress(a: string, b: string): boolean {
  return a === b || canonicalAddress(a) === canonicalAddress(b);
}
