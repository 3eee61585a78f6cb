/** One entry of an archive, as the host's own tar or unzip lists it. */
export interface ArchiveEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'link' | 'hard' | 'other';
  /** What a hard link leads to. */
  readonly target: string | undefined;
}

const kinds: Readonly<Record<string, ArchiveEntry['kind']>> = { '-': 'file', d: 'directory', l: 'link', h: 'hard' };

/** Lines of `tar -tvf`, GNU's and BusyBox's: mode, owner, size, date, time, name, and for links where to. */
export function parseTarListing(text: string): ArchiveEntry[] {
  return text
    .split('\n')
    .map((line) => /^(\S)\S{9}\S?\s+\S+\s+\d+(?:,\s*\d+)?\s+\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? (.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, letter = '', rest = '']) => {
      const [symbolic, hard] = [rest.indexOf(' -> '), rest.indexOf(' link to ')];
      // BusyBox lists a hard link as a file with an arrow.
      if (letter !== 'l' && symbolic >= 0)
        return { kind: 'hard', name: rest.slice(0, symbolic), target: rest.slice(symbolic + 4) };
      if (letter === 'l')
        return { kind: 'link', name: symbolic < 0 ? rest : rest.slice(0, symbolic), target: undefined };
      if (letter === 'h' && hard >= 0) return { kind: 'hard', name: rest.slice(0, hard), target: rest.slice(hard + 9) };
      return { kind: kinds[letter] ?? 'other', name: rest, target: undefined };
    });
}

/** Lines of `unzip -l`. */
export function parseZipListing(text: string): ArchiveEntry[] {
  return text
    .split('\n')
    .map((line) => /^\s*\d+\s+[\d-]+\s+[\d:]+\s+(.+)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, name = '']) => ({ name, kind: name.endsWith('/') ? 'directory' : 'file', target: undefined }));
}

const plainName = (name: string) => name.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '');
const escapes = (name: string) => name.startsWith('/') || name.split('/').includes('..');

/** Why an archive must not be unpacked: names that lead out of the directory, directly or through a link of the archive's own. */
export function unsafeEntry(entries: readonly ArchiveEntry[]): string | undefined {
  const links = new Set(entries.filter(({ kind }) => kind === 'link').map(({ name }) => plainName(name)));
  for (const { name, kind, target } of entries) {
    if (escapes(name)) return `${JSON.stringify(name)} leads out of the directory`;
    if (kind === 'other') return `${JSON.stringify(name)} is a device or another special file`;
    if (target !== undefined && (escapes(target) || through(plainName(target), links)))
      return `${JSON.stringify(name)} is a hard link out of the directory`;
    if (through(plainName(name), links)) return `${JSON.stringify(name)} goes through a symbolic link of the archive`;
  }
  return undefined;
}

function through(name: string, links: ReadonlySet<string>): boolean {
  const parts = name.split('/');
  return parts.some((_, index) => index > 0 && links.has(parts.slice(0, index).join('/')));
}

/** The directories that the entries lie in, without the top, shortest first. */
export function directoriesOf(entries: readonly ArchiveEntry[]): string[] {
  const found = new Set<string>();
  for (const { name, kind } of entries) {
    const parts = plainName(name).split('/');
    for (let length = 1; length < parts.length + (kind === 'directory' ? 1 : 0); length += 1)
      found.add(parts.slice(0, length).join('/'));
  }
  found.delete('');
  found.delete('.');
  return [...found].sort();
}
