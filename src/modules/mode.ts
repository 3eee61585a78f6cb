import { TaskError } from '../errors/errors.ts';

/** Permission bits with setuid, setgid and sticky; what `chmod` takes. */
export type ModeBits = number;

const classShifts: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };
const clause = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/;

/** `0644`: four digits at least, as Ansible returns modes. */
export function formatMode(bits: ModeBits): string {
  return bits.toString(8).padStart(4, '0');
}

/**
 * The bits that a `mode` argument asks for. `current` is what the path has now (what a new one would get before chmod);
 * symbolic modes are relative to it. Throws TaskError for what is no mode.
 */
export function resolveMode(mode: string, current: ModeBits, isDirectory: boolean, umask = 0o022): ModeBits {
  if (/^[0-7]{1,5}$/.test(mode)) return Number.parseInt(mode, 8) & 0o7777;
  let bits = current;
  for (const part of mode.split(',')) {
    const match = clause.exec(part.trim());
    if (match === null) {
      throw new TaskError(`mode ${JSON.stringify(mode)} is neither octal nor symbolic`, {
        hint: "write octal digits in quotes ('0644') or clauses such as 'u=rw,g=r,o='",
      });
    }
    const [, who = '', actions = ''] = match;
    for (const action of actions.matchAll(/([-+=])([rwxXst]*(?![ugo])|[ugo])/g)) {
      bits = applyAction(bits, who, action[1] ?? '=', action[2] ?? '', isDirectory, umask);
    }
  }
  return bits;
}

function applyAction(
  bits: ModeBits,
  who: string,
  operator: string,
  letters: string,
  isDirectory: boolean,
  umask: number,
): ModeBits {
  const classes = who === '' || who.includes('a') ? 'ugo' : who;
  let result = bits;
  for (const name of new Set(classes)) {
    const shift = classShifts[name] ?? 0;
    const special = name === 'u' ? 0o4000 : name === 'g' ? 0o2000 : 0o1000;
    let wanted = classBits(letters, bits, isDirectory) << shift;
    if (letters.includes(name === 'o' ? 't' : 's')) wanted |= special;
    if (who === '') wanted &= ~umask;
    // chmod keeps a directory's setuid and setgid bits unless they are named.
    const cleared = (7 << shift) | (isDirectory && name !== 'o' ? 0 : special);
    if (operator === '+') result |= wanted;
    else if (operator === '-') result &= ~wanted;
    else result = (result & ~cleared) | wanted;
  }
  return result;
}

function classBits(letters: string, current: ModeBits, isDirectory: boolean): number {
  const copied = letters.length === 1 ? classShifts[letters] : undefined;
  if (copied !== undefined) return (current >> copied) & 7;
  let bits = 0;
  if (letters.includes('r')) bits |= 4;
  if (letters.includes('w')) bits |= 2;
  if (letters.includes('x')) bits |= 1;
  if (letters.includes('X') && (isDirectory || (current & 0o111) !== 0)) bits |= 1;
  return bits;
}
