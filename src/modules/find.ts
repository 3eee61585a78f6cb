import { TaskError } from '../errors/errors.ts';
import { quote } from '../sh/quote.ts';
import { firstMatch, pattern } from '../template/regex-run.ts';
import type { HostModule, Plan, Result } from './contract.ts';
import type { FindArgs } from './generated/find.ts';
import { pathWord } from './host-path.ts';
import { type PathState, stateOf } from './path-state.ts';
import { ReplyLines } from './reply-lines.ts';
import { stateKeys } from './stat.ts';

interface Found {
  readonly path: string;
  readonly state: PathState;
  readonly checksum: string;
}

interface Looked {
  readonly now: number;
  readonly skipped: readonly string[];
  readonly examined: number;
  readonly found: readonly Found[];
}

/** Names of find(1)'s kinds; with `-L` it sees only what links lead to, so the answer is filtered again. */
const kinds: Readonly<Record<string, string>> = { file: '-type f', directory: '-type d', link: '-type l', any: '' };

/** `//` stands in no path that find prints, as roots lose theirs: it parts the records, whatever is in a name. */
const format = '//%f %u %g %s %Y %X %Z %i %h %d/%U/%G/-';

function nameTests(args: FindArgs): string {
  if (args.use_regex || args.patterns.length === 0) return '';
  const tests = args.patterns.map((glob) => `-name ${quote(glob.replaceAll('\\', '\\\\'))}`);
  return `\\( ${tests.join(' -o ')} \\)`;
}

/** Python's class letters in the words of a POSIX pattern. */
function posixPattern(text: string): string {
  if (/\(\?/.test(text)) {
    throw new TaskError(`contains: ${text} cannot be used: groups that begin with (? are not POSIX`);
  }
  const classes: Readonly<Record<string, string>> = { d: '[0-9]', w: '[[:alnum:]_]', s: '[[:space:]]' };
  return `^(${text.replace(/\\([dws])/g, (_all, letter: string) => classes[letter] ?? letter)})`;
}

function script(args: FindArgs): string {
  const depth = args.recurse ? args.depth : 1;
  const type = args.follow ? '' : (kinds[args.file_type] ?? '');
  const contains =
    args.contains === undefined || args.file_type === 'directory'
      ? ''
      : ` -type f -exec grep -Eq -e ${quote(posixPattern(args.contains))} {} \\;`;
  const each = args.get_checksum
    ? `-exec sh -c 'for f; do h=; if [ -f "$f" ] && [ ! -L "$f" ]; then h=$(sha1sum < "$f"); fi; stat -c "${format}\${h%% *}//%n" -- "$f"; done' sh {} +`
    : `-exec stat -c '${format}//%n' -- {} +`;
  const walk = `find${args.follow ? ' -L' : ''} "$p" -mindepth 1${depth === undefined ? '' : ` -maxdepth ${depth}`}`;
  return `date +%s
for p in ${args.paths.map((path) => pathWord(path.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1'))).join(' ')}; do
  if [ ! -d "$p" ]; then printf '//!%s' "$p"; continue; fi
  ${walk} -exec sh -c 'printf "//#%d" $#' sh {} + 2>/dev/null
  ${walk} ${type} ${nameTests(args)}${contains} ${each} 2>/dev/null
done
:
`;
}

function parse(lines: ReplyLines): Looked {
  const now = Number(lines.next());
  const parts = lines.rest().split('//').slice(1);
  const skipped: string[] = [];
  const found: Found[] = [];
  let examined = 0;
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index] ?? '';
    if (part.startsWith('#')) examined += Number(part.slice(1));
    else if (part.startsWith('!')) skipped.push(part.slice(1));
    else {
      index += 1;
      found.push(record(part, (parts[index] ?? '').replace(/\n$/, '')));
    }
  }
  return { now, skipped, examined, found };
}

function record(text: string, name: string): Found {
  const [numbers = '', owner = '', group = '', checksum = ''] = text.split('/');
  const [mode = '', ...rest] = numbers.split(' ');
  const state = stateOf(mode, rest, owner, group);
  return { path: name, state, checksum: checksum.slice(1) };
}

const sizes: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
const ages: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** `10m`, `-2d`: at least so much, or at most. */
function bound(text: string | undefined, units: Readonly<Record<string, number>>, what: string) {
  if (text === undefined) return () => true;
  const [all, sign = '', digits = '', unit = ''] = /^(-?)(\d+)([a-z]?)$/i.exec(text.trim()) ?? [];
  const factor = units[unit.toLowerCase()];
  if (all === undefined || factor === undefined)
    throw new TaskError(`failed to process ${what}: ${JSON.stringify(text)}`);
  const limit = Number(digits) * factor;
  return (value: number) => (sign === '-' ? value <= limit : value >= limit);
}

/** Python's fnmatch, whose patterns know no escapes. */
function globPattern(glob: string): string {
  return glob.replace(/\[!?[^\]]+\]|[\s\S]/g, (part) => {
    if (part === '*') return '[\\s\\S]*';
    if (part === '?') return '[\\s\\S]';
    if (part.length > 1) return part.replace('[!', '[^').replaceAll('\\', '\\\\');
    return part.replace(/[\\^$.|+(){}[\]]/, '\\$&');
  });
}

function nameTest(names: readonly string[], useRegex: boolean): (name: string) => boolean {
  const patterns = names.map((name) => pattern(useRegex ? `(?:${name})` : `${globPattern(name)}\\Z`));
  return (name) => patterns.some((each) => firstMatch(each, name)?.index === 0);
}

function plan(looked: Looked, args: FindArgs): Plan {
  const wanted = args.patterns.length === 0 ? () => true : nameTest(args.patterns, args.use_regex);
  const excluded = args.excludes === undefined ? () => false : nameTest(args.excludes, args.use_regex);
  const [size, age] = [bound(args.size, sizes, 'size'), bound(args.age, ages, 'age')];
  const files = looked.found
    .filter(({ path, state }) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      if (args.file_type !== 'any' && state.kind !== args.file_type) return false;
      if (!args.hidden && name.startsWith('.')) return false;
      const sized = state.kind === 'directory' || state.kind === 'link' || size(state.size);
      return wanted(name) && !excluded(name) && sized && age(looked.now - state[args.age_stamp]);
    })
    .sort((one, other) => (one.path < other.path ? -1 : 1))
    .map(({ path, state, checksum }): Result => {
      const { blocks: _blocks, block_size: _blockSize, ...keys } = stateKeys(state);
      return { path, ...keys, ...(checksum === '' ? {} : { checksum }) };
    });
  const skipped = Object.fromEntries(looked.skipped.map((path) => [path, `'${path}' is not a directory`]));
  const msg = looked.skipped.length === 0 ? 'All paths examined' : 'Not all paths examined, check warnings for details';
  return {
    changes: [],
    result: { changed: false, files, matched: files.length, examined: looked.examined, skipped_paths: skipped, msg },
  };
}

export const find: HostModule<FindArgs, Looked> = {
  kind: 'host',
  name: 'find',
  fusable: true,
  read: (args) => ({ script: script(args) }),
  parse: ({ reply }) => parse(new ReplyLines(reply, 'find')),
  plan,
  apply: async () => ({}),
};
