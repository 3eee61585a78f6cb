import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { TaskError } from '../../errors/errors.ts';
import { quote } from '../../sh/quote.ts';
import type { ApplyContext } from '../contract.ts';
import { must } from '../redis-build/build-on-host.ts';
import type { Saved } from './save.ts';

const PIECE_BYTES = 4 * 1024 * 1024;

export interface Fetched {
  readonly sha256: string;
  readonly bytes: number;
  /** The first bytes, which tell the RDB version. */
  readonly head: string;
}

type Shell = Pick<ApplyContext, 'sh'>;

/**
 * Brings a node's RDB file into a new local file, in pieces. A second name keeps what was saved: the node's next save gives
 * its own name to another file, and neither touches the other.
 */
export async function fetchFile(
  saved: Saved,
  shell: Shell,
  into: string,
  tell: (done: number, total: number) => void,
): Promise<Fetched> {
  const pinned = pinnedName(saved);
  const what = `${saved.directory}/${saved.file} could not be read`;
  const { stdout } = await must(shell, pinScript(`${saved.directory}/${saved.file}`, pinned), what);
  const [size = '', digest = ''] = stdout.trim().split(/\s+/);
  try {
    const fetched = await receive(pinned, Number(size), shell, into, tell);
    if (fetched.sha256 === digest) return fetched;
  } finally {
    await shell.sh(`rm -f ${quote(pinned)}`).catch(() => undefined);
  }
  throw new TaskError(`${saved.directory}/${saved.file} arrived damaged; nothing of it counts`, { hint: 'run again' });
}

export function pinnedName({ directory, file }: Pick<Saved, 'directory' | 'file'>): string {
  return `${directory}/.rcdeploy-backup-${file}`;
}

function pinScript(file: string, pinned: string): string {
  const [from, to] = [quote(file), quote(pinned)];
  return `umask 077; rm -f ${to}; ln ${from} ${to} 2>/dev/null || cp ${from} ${to} || exit
wc -c <${to} && sha256sum <${to}`;
}

async function receive(
  pinned: string,
  size: number,
  shell: Shell,
  into: string,
  tell: (done: number, total: number) => void,
): Promise<Fetched> {
  const hash = createHash('sha256');
  const file = await open(into, 'wx', 0o600);
  let head = '';
  let done = 0;
  try {
    for (let index = 0; done < size; index += 1) {
      const { stdout } = await must(shell, pieceScript(pinned, index), `${pinned} could not be read`);
      const piece = Buffer.from(stdout, 'base64');
      if (piece.length === 0) break;
      if (index === 0) head = piece.toString('latin1', 0, 9);
      hash.update(piece);
      await file.write(piece);
      done += piece.length;
      tell(done, size);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { sha256: hash.digest('hex'), bytes: done, head };
}

/** BusyBox's dd knows no byte offsets, and blocks of a megabyte are read whole from a file. */
function pieceScript(file: string, index: number): string {
  const megabytes = PIECE_BYTES / 1048576;
  return `dd if=${quote(file)} bs=1048576 skip=${index * megabytes} count=${megabytes} 2>/dev/null | base64`;
}
