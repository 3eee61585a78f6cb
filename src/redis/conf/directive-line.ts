/** The last number that redis.conf lines set a directive to. */
export function parseDirective(lines: string, directive: string): number | undefined {
  let found: number | undefined;
  for (const line of lines.split('\n')) {
    const [name, value] = line.trim().split(/\s+/);
    const number = Number(value?.replaceAll(/["']/g, ''));
    if (name?.toLowerCase() === directive && Number.isFinite(number)) found = number;
  }
  return found;
}
