import { quote } from '../sh/quote.ts';
import type { Change } from './contract.ts';
import { type AttributeArgs, attributeChanges } from './file-attributes.ts';
import { formatMode, resolveMode } from './mode.ts';
import { kindOfRawMode, type PathState } from './path-state.ts';
import type { ReplyLines } from './reply-lines.ts';

/** How many paths below a directory share one kind, mode, owner and group: bounded output for any tree. */
export interface TreeMode {
  readonly count: number;
  readonly state: Pick<PathState, 'kind' | 'bits' | 'uid' | 'gid' | 'owner' | 'group'>;
}

/** One line with all distinct combinations; names of owners end with a slash, which no name holds. */
export const readTreeModes = `if [ -d "$p" ]; then
  find "$p/" -mindepth 1 -exec stat -c '%f %u %g %U/%G' -- {} + | sort | uniq -c | tr '\\n' '|'
fi; echo`;

export function parseTreeModes(lines: ReplyLines): TreeMode[] {
  return lines
    .next()
    .split('|')
    .filter((part) => part !== '')
    .map((part) => {
      const [, count = '', mode = '', uid = '', gid = '', names = ''] =
        /^\s*(\d+) (\S+) (\d+) (\d+) (.*)$/.exec(part) ?? [];
      const [owner = '', group = ''] = names.split('/');
      const raw = Number.parseInt(mode, 16);
      const state = { kind: kindOfRawMode(raw), bits: raw & 0o7777, uid: Number(uid), gid: Number(gid), owner, group };
      return { count: Number(count), state };
    });
}

export function planTreeModes(tree: readonly TreeMode[], args: AttributeArgs, umask: number): Change[] {
  return tree.flatMap(({ count, state }) => {
    const full: PathState = {
      ...state,
      size: 0,
      mtime: 0,
      atime: 0,
      ctime: 0,
      inode: 0,
      links: 0,
      device: 0,
      blocks: 0,
      blockSize: 0,
    };
    return attributeChanges(full, args, state.kind, umask).map((change) => ({
      ...change,
      what: `${change.what} of ${count} ${state.kind}${count === 1 ? '' : 's'} below (mode ${formatMode(state.bits)})`,
    }));
  });
}

const findTypes: Readonly<Record<string, string>> = {
  file: 'f',
  directory: 'd',
  fifo: 'p',
  socket: 's',
  block: 'b',
  character: 'c',
};

/**
 * chmod and chown of everything below `$p`; links get the owner but have no mode of their own. Modes are set by number, from each
 * mode that was seen, since BusyBox's chmod reads `u=rwX` differently from the others.
 */
export function treeScript(args: AttributeArgs, tree: readonly TreeMode[], umask: number): string {
  const ownership = `${args.owner ?? ''}${args.group === undefined ? '' : `:${args.group}`}`;
  const below = 'find "$p/" -mindepth 1';
  const mode = args.mode;
  const modes = tree.flatMap(({ state }) => {
    const type = findTypes[state.kind];
    if (mode === undefined || type === undefined) return [];
    const wanted = resolveMode(mode, state.bits, state.kind === 'directory', umask);
    if (wanted === state.bits) return [];
    return [
      `${below} -type ${type} -perm ${formatMode(state.bits)} -exec chmod -- ${formatMode(wanted)} {} + || exit\n`,
    ];
  });
  return [
    ...(ownership === '' ? [] : [`${below} -exec chown -h -- ${quote(ownership)} {} + || exit\n`]),
    ...modes,
  ].join('');
}
