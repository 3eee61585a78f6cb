import { createHash, createHmac } from 'node:crypto';

/** One usable line of a known_hosts file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). */
export interface KnownHost {
  readonly file: string;
  readonly line: number;
  readonly marker: '@revoked' | '@cert-authority' | undefined;
  readonly hosts: string;
  readonly type: string;
  /** Base64 as in the file. */
  readonly key: string;
}

export type Verdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' /** Keys of other types that are known for this host. */; readonly others: KnownHost[] }
  | { readonly kind: 'changed'; readonly was: KnownHost }
  | { readonly kind: 'revoked'; readonly by: KnownHost }
  | { readonly kind: 'authority'; readonly by: KnownHost };

/** Lines that cannot be read are left out, as ssh does. */
export function parseKnownHosts(file: string, text: string): KnownHost[] {
  return text.split('\n').flatMap((content, at) => {
    const words = content.trim().split(/\s+/);
    const marker = words[0] === '@revoked' || words[0] === '@cert-authority' ? words[0] : undefined;
    const [hosts, type, key] = marker === undefined ? words : words.slice(1);
    if (
      hosts === undefined ||
      type === undefined ||
      key === undefined ||
      hosts.startsWith('#') ||
      hosts.startsWith('@')
    ) {
      return [];
    }
    return [{ file, line: at + 1, marker, hosts, type, key }];
  });
}

/** The name under which a host stands in known_hosts. */
export function knownName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/** What the known hosts say to a key that a host offered. A revoked key loses against everything. */
export function judgeKey(known: readonly KnownHost[], name: string, offered: Buffer): Verdict {
  const type = keyType(offered);
  const key = offered.toString('base64');
  const lines = linesFor(known, name);
  const revoked = lines.find((line) => line.marker === '@revoked' && sameKey(line.key, key));
  if (revoked !== undefined) {
    return { kind: 'revoked', by: revoked };
  }
  const plain = lines.filter((line) => line.marker === undefined);
  if (plain.some((line) => sameKey(line.key, key))) {
    return { kind: 'known' };
  }
  const was = plain.find((line) => line.type === type);
  if (was !== undefined) {
    return { kind: 'changed', was };
  }
  const authority = lines.find((line) => line.marker === '@cert-authority');
  return authority === undefined ? { kind: 'unknown', others: plain } : { kind: 'authority', by: authority };
}

/**
 * Host key algorithms to ask for, those of known keys first: sshd offers one key only, and one of another type than the known
 * one would look like a stranger's.
 */
export function orderAlgorithms(known: readonly KnownHost[], name: string, supported: readonly string[]): string[] {
  const types = new Set(linesFor(known, name).flatMap((line) => (line.marker === undefined ? [line.type] : [])));
  const isKnown = (algorithm: string) => types.has(algorithm.startsWith('rsa-sha2-') ? 'ssh-rsa' : algorithm);
  return [...supported.filter(isKnown), ...supported.filter((algorithm) => !isKnown(algorithm))];
}

/** SHA256:… as ssh and ssh-keygen -l show it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The type that an SSH key blob names itself. */
export function keyType(key: Buffer): string {
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1');
}

/** What known_hosts says of a host. */
export function linesFor(known: readonly KnownHost[], name: string): KnownHost[] {
  return known.filter((line) => matchesHosts(line.hosts, name));
}

export function matchesHosts(hosts: string, name: string): boolean {
  if (hosts.startsWith('|1|')) {
    const [salt = '', hash = ''] = hosts.slice(3).split('|');
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
  }
  const patterns = hosts.toLowerCase().split(',');
  const matches = (pattern: string) => pattern === name || (/[*?]/.test(pattern) && wildcard(pattern).test(name));
  return (
    patterns.some((pattern) => !pattern.startsWith('!') && matches(pattern)) &&
    !patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1)))
  );
}

function wildcard(pattern: string): RegExp {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`);
}

/** Base64 may be written with or without padding. */
function sameKey(left: string, right: string): boolean {
  return left.replace(/=+$/, '') === right.replace(/=+$/, '');
}
