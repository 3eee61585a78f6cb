/** A server as it is named to people: `redis 7.0.15`, `valkey 8.1.1`. */
export interface ServerVersion {
  readonly flavor: 'redis' | 'valkey';
  readonly version: string;
}

export function parseServerVersion(text: string): ServerVersion | undefined {
  const [, flavor, version] = /^(redis|valkey) (\d[\w.-]*)$/.exec(text) ?? [];
  return flavor === undefined || version === undefined ? undefined : { flavor: flavor as 'redis' | 'valkey', version };
}

export function nameVersion({ flavor, version }: ServerVersion): string {
  return `${flavor} ${version}`;
}

/** By number, part by part: 7.10 comes after 7.9. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

function parts(version: string): number[] {
  return (/^\d+(\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number);
}

/** The release line: `7.0` of 7.0.15. */
export function lineOf(version: string): string {
  return parts(version).slice(0, 2).join('.');
}
