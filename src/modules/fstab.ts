/** One entry of fstab(5), fields as they are meant, not as they are escaped. */
export interface FstabEntry {
  readonly src: string;
  readonly path: string;
  readonly fstype: string;
  readonly opts: string;
  readonly dump: string;
  readonly passno: string;
}

/** Blanks part the fields, and a backslash begins an escape; Ansible writes `&` so, too. */
function escapeField(text: string): string {
  return text.replaceAll('\\', '\\134').replaceAll(' ', '\\040').replaceAll('&', '\\046').replaceAll('\t', '\\011');
}

export function unescapeField(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_all, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function entryIn(line: string): FstabEntry | undefined {
  const fields = line.trim().split(/\s+/);
  if (line.trim() === '' || line.trim().startsWith('#') || fields.length < 4 || fields.length > 6) return undefined;
  const [src = '', path = '', fstype = '', opts = '', dump = '0', passno = '0'] = fields.map(unescapeField);
  return { src, path, fstype, opts, dump, passno };
}

/** Swap has no mount point of its own: there the source tells which one is meant. */
function isSame(entry: FstabEntry, wanted: Pick<FstabEntry, 'path' | 'src'>): boolean {
  if (entry.path !== wanted.path) return false;
  return entry.path !== 'none' || entry.fstype !== 'swap' || entry.src === wanted.src;
}

function lineOf(entry: FstabEntry): string {
  const { src, path, fstype, opts, dump, passno } = entry;
  return `${[src, path, fstype, opts, dump, passno].map(escapeField).join(' ')}\n`;
}

function linesOf(text: string): string[] {
  return (text.match(/[^\n]*\n|[^\n]+$/g) ?? []).map((line) => (line.endsWith('\n') ? line : `${line}\n`));
}

/** The text with the entry as wanted; what is right already stays as it is written. */
export function withEntry(text: string, wanted: FstabEntry): string {
  let found = false;
  let changed = false;
  const lines = linesOf(text).map((line) => {
    const entry = entryIn(line);
    if (entry === undefined || !isSame(entry, wanted)) return line;
    found = true;
    // Ansible writes the last two fields out where they are left to their default.
    if (lineOf(entry) === lineOf(wanted) && line.trim().split(/\s+/).length === 6) return line;
    changed = true;
    return lineOf(wanted);
  });
  if (found && !changed) return text;
  return [...lines, ...(found ? [] : [lineOf(wanted)])].join('');
}

export function withoutEntry(text: string, wanted: Pick<FstabEntry, 'path' | 'src'>): string {
  const lines = linesOf(text);
  const kept = lines.filter((line) => {
    const entry = entryIn(line);
    return entry === undefined || !isSame(entry, wanted);
  });
  return kept.length === lines.length ? text : kept.join('');
}
