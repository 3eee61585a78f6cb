import type { HostModule, Result } from './contract.ts';
import type { StatArgs } from './generated/stat.ts';
import { pathWord } from './host-path.ts';
import { formatMode } from './mode.ts';
import { type PathState, parseStatBlock, statFunctions, statKey } from './path-state.ts';
import { ReplyLines } from './reply-lines.ts';

interface Looked {
  readonly stat: PathState | undefined;
  readonly access: string;
  readonly checksum: string;
  readonly mime: string;
  readonly linkTarget: string;
  readonly linkSource: string;
}

/** One stat, and a digest only of a regular file when it is asked for. */
function script(args: StatArgs): string {
  const checksum = args.get_checksum ? `[ -f "$p" ] && [ -r "$p" ] && c=$(${args.checksum_algorithm}sum < "$p")\n` : '';
  const mime = args.get_mime
    ? `command -v file >/dev/null 2>&1 && [ -e "$p" ] && m=$(file --mime-type --mime-encoding -b -- "$p" 2>/dev/null)\n`
    : '';
  return `${statFunctions}p=${pathWord(args.path)} c= m= a=
stat_block "$p" ${args.follow ? '-L' : `"" ${statKey(pathWord(args.path))}`}
for t in r w x; do [ -$t "$p" ] && a=$a$t; done
[ -L "$p" ] ${args.follow ? '&& false ' : ''}|| { [ -e "$p" ] && {
${checksum}${mime}:
}; }
printf '%s\\n%s\\n%s\\n' "$a" "\${c%% *}" "$m"
if [ -L "$p" ]; then readlink -- "$p"; printf '\\0'; readlink -f -- "$p"; fi
:
`;
}

export const stat: HostModule<StatArgs, Looked> = {
  kind: 'host',
  name: 'stat',
  fusable: true,
  read: (args) => ({ script: script(args), stats: args.follow ? [] : [pathWord(args.path)] }),
  parse({ reply }) {
    const lines = new ReplyLines(reply, 'stat');
    const state = parseStatBlock(lines);
    const [access, checksum, mime] = [lines.next(), lines.next(), lines.next()];
    const [linkTarget = '', linkSource = ''] = lines.rest().split('\0');
    return {
      stat: state,
      access,
      checksum,
      mime,
      linkTarget: linkTarget.slice(0, -1),
      linkSource: linkSource.slice(0, -1),
    };
  },
  plan: (looked, args) => ({ changes: [], result: { changed: false, stat: statResult(looked, args) } }),
  apply: async () => ({}),
};

/** Ansible's keys under `stat`. */
function statResult(looked: Looked, args: StatArgs): Result {
  const { stat: state, access } = looked;
  if (state === undefined) return { exists: false };
  const link = state.kind === 'link' ? { lnk_source: looked.linkSource, lnk_target: looked.linkTarget } : {};
  const checksum = looked.checksum === '' ? {} : { checksum: looked.checksum };
  const [mimetype, charset] = looked.mime.split('; charset=');
  return {
    exists: true,
    path: args.path,
    ...stateKeys(state),
    readable: access.includes('r'),
    writeable: access.includes('w'),
    executable: access.includes('x'),
    ...link,
    ...checksum,
    ...(looked.mime === '' ? {} : { mimetype, charset }),
  };
}

/** What stat and find tell of a path. */
export function stateKeys(state: PathState): Result {
  const permission = (bit: number) => (state.bits & bit) !== 0;
  return {
    mode: formatMode(state.bits),
    isdir: state.kind === 'directory',
    ischr: state.kind === 'character',
    isblk: state.kind === 'block',
    isreg: state.kind === 'file',
    isfifo: state.kind === 'fifo',
    islnk: state.kind === 'link',
    issock: state.kind === 'socket',
    uid: state.uid,
    gid: state.gid,
    pw_name: state.owner,
    gr_name: state.group,
    size: state.size,
    inode: state.inode,
    dev: state.device,
    nlink: state.links,
    blocks: state.blocks,
    block_size: state.blockSize,
    atime: state.atime,
    mtime: state.mtime,
    ctime: state.ctime,
    wusr: permission(0o200),
    rusr: permission(0o400),
    xusr: permission(0o100),
    wgrp: permission(0o020),
    rgrp: permission(0o040),
    xgrp: permission(0o010),
    woth: permission(0o002),
    roth: permission(0o004),
    xoth: permission(0o001),
    isuid: permission(0o4000),
    isgid: permission(0o2000),
  };
}
