/** Fields of INFO or CLUSTER INFO by name. */
export type InfoFields = ReadonlyMap<string, string>;

/** Parses `name:value` lines; section headings and blank lines are skipped. */
export function parseInfo(text: string): InfoFields {
  const fields = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const at = line.indexOf(':');
    if (at > 0 && !line.startsWith('#')) fields.set(line.slice(0, at), line.slice(at + 1));
  }
  return fields;
}

export function infoNumber(fields: InfoFields, name: string): number | undefined {
  const value = Number(fields.get(name) ?? 'none');
  return Number.isFinite(value) ? value : undefined;
}

/** Keys in all databases (`db0:keys=12,expires=0,…`). */
export function keyCount(fields: InfoFields): number {
  let keys = 0;
  for (const [name, value] of fields) {
    if (/^db\d+$/.test(name)) keys += Number(/(?:^|,)keys=(\d+)/.exec(value)?.[1] ?? 0);
  }
  return keys;
}

/** The server's own flavor and version: Valkey says 7.2.4 in `redis_version` for old clients. */
export function serverVersion(fields: InfoFields): { flavor: 'redis' | 'valkey'; version: string } {
  const valkey = fields.get('valkey_version');
  if (valkey !== undefined) return { flavor: 'valkey', version: valkey };
  return { flavor: 'redis', version: fields.get('redis_version') ?? 'unknown' };
}
