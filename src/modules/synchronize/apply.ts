import { readFileSync } from 'node:fs';
import { TaskError } from '../../errors/errors.ts';
import { quote } from '../../sh/quote.ts';
import type { ApplyContext } from '../contract.ts';
import { formatMode } from '../mode.ts';
import { failedScript } from '../reply-lines.ts';
import { chunks, type HostState } from './host-state.ts';
import type { SyncOptions } from './options.ts';
import { parentOf, type Step, type SyncPlan } from './plan.ts';
import type { Source } from './source.ts';
import { type TarEntry, tarOf } from './tar.ts';

/** Bytes of content in one message; a larger file is a message of its own. */
const messageSize = 16 * 1024 * 1024;

/**
 * Content first, into a directory of its own within the base; with the last of it everything takes its place, what is to go goes, and
 * then attributes are set. A kill before that leaves the host as it was, but for the directory, which the next run removes.
 */
export async function applySync(
  plan: SyncPlan,
  source: Source,
  host: HostState,
  work: string,
  options: SyncOptions,
  context: ApplyContext,
): Promise<void> {
  const sent = plan.steps.filter(({ made, entry }) => made && entry.kind !== 'directory');
  const batches = batchesOf(sent);
  let done = 0;
  for (const [index, batch] of batches.entries()) {
    const lines = [
      ...(index === 0 && host.baseKind === 'missing' ? [`mkdir -- ${quote(host.base)} || exit`] : []),
      `cd -- ${quote(host.base)} || exit`,
      `w=${quote(`./${work}`)}`,
      ...(index === 0 && batch.length > 0 ? ['rm -rf -- "$w" && mkdir -m 700 -- "$w" || exit'] : []),
      ...(batch.length > 0 ? [unpackLine(options)] : []),
      ...(index === batches.length - 1 ? placing(plan, sent, source, options, host) : []),
    ];
    const stdin = batch.length === 0 ? undefined : tarOf(batch.map((step) => tarEntry(step, host)));
    done += batch.length;
    context.progress(`sending ${done} of ${sent.length} files`);
    const reply = await context.sh(`${lines.join('\n')}\n`, { stdin });
    if (reply.rc !== 0) throw failedScript(reply, `synchronizing ${host.base}`, hintOf(reply.stderr));
  }
}

const unpackLine = ({ times }: SyncOptions) => `tar -x${times ? '' : 'm'}pf - -C "$w" || { rm -rf -- "$w"; exit 1; }`;

const hintOf = (stderr: string) => (/tar: (?:command )?not found/.test(stderr) ? 'the host needs tar' : undefined);

/** At least one batch, which may be empty. */
function batchesOf(steps: readonly Step[]): Step[][] {
  const batches: Step[][] = [[]];
  let size = 0;
  for (const step of steps) {
    const more = (step.entry.kind === 'file' ? step.entry.size : 0) + 1024;
    if (size > 0 && size + more > messageSize) {
      batches.push([]);
      size = 0;
    }
    batches.at(-1)?.push(step);
    size += more;
  }
  return batches;
}

function tarEntry({ entry, path, bits, uid, gid }: Step, host: HostState): TarEntry {
  const attributes = { path, bits: bits ?? 0o777, uid: uid ?? host.uid, gid: gid ?? host.gid, mtime: entry.mtime };
  if (entry.kind === 'file') return { ...attributes, content: contentOf(entry.file, entry.size) };
  return { ...attributes, content: { target: entry.kind === 'link' ? entry.target : '' } };
}

function contentOf(file: string, size: number): Buffer {
  const content = readFileSync(file);
  if (content.length === size) return content;
  throw new TaskError(`${file} changed while it was being sent`, { hint: 'run again' });
}

function placing(
  { steps, removed }: SyncPlan,
  sent: readonly Step[],
  source: Source,
  options: SyncOptions,
  host: HostState,
): string[] {
  const paths = (some: readonly Step[]) => some.map(({ path }) => `./${path}`);
  const blocked = steps.filter(({ instead }) => instead !== undefined);
  const isBelow = (path: string) => blocked.some((step) => path.startsWith(`${step.path}/`));
  const early = removed.filter(isBelow);
  const late = removed.filter((path) => !isBelow(path));
  const directories = steps.filter(({ made, entry, path }) => made && entry.kind === 'directory' && path !== '.');
  return [
    ...each(
      'rm -rf --',
      early.map((path) => `./${path}`),
    ),
    ...each('rmdir --', paths(blocked.filter(({ instead }) => instead === 'directory'))),
    ...each('rm -f --', paths(blocked.filter(({ instead }) => instead === 'other'))),
    ...each('mkdir --', paths(directories)),
    ...placeLines(sent),
    'rm -rf -- "$w" || exit',
    ...each(
      'rm -rf --',
      late.map((path) => `./${path}`),
    ),
    ...attributeLines(steps, host),
    ...(options.times ? timeLines(steps, removed, source) : []),
  ];
}

/** Every file takes its name in one step. Not every find tells that what it ran has failed, so the rest is looked for. */
function placeLines(sent: readonly Step[]): string[] {
  if (sent.length === 0) return [];
  const parents = [...new Set(sent.map(({ path }) => parentOf(path)))];
  return [
    `place() {
  find "$w/$1" -mindepth 1 -maxdepth 1 ! -type d -exec sh -c 't=$1; shift; exec mv -f -- "$@" "$t"' sh "./$1/" {} +
}`,
    ...chunks(parents).map((line) => `for p in ${line}; do place "$p"; done`),
    `[ -z "$(find "$w" ! -type d | head -n 1)" ] || { rm -rf -- "$w"; echo 'not everything could take its place' >&2; exit 1; }`,
  ];
}

/** What tar did not set: directories, what was there already, and groups where the user is not root. */
function attributeLines(steps: readonly Step[], host: HostState): string[] {
  const set = steps.filter(({ made, entry }) => !made || entry.kind === 'directory' || host.uid !== 0);
  const owned = grouped(
    set,
    ({ uid, gid }) => (uid ?? gid) !== undefined && `${uid ?? ''}${gid === undefined ? '' : `:${gid}`}`,
  );
  const modes = grouped(
    set.filter(({ entry }) => entry.kind !== 'link'),
    ({ bits }) => bits !== undefined && formatMode(bits),
  );
  return [
    ...owned.flatMap(([owner, paths]) => each(`chown -h -- ${owner}`, paths)),
    ...modes.flatMap(([mode, paths]) => each(`chmod -- ${mode}`, paths)),
  ];
}

/** Times of files that only need that, and of directories that do or in which something was made or removed. */
function timeLines(steps: readonly Step[], removed: readonly string[], source: Source): string[] {
  const stirred = new Set([...steps.map(({ path }) => path), ...removed].map(parentOf));
  for (const { path, made, entry, touch } of steps) {
    if (touch || (made && entry.kind === 'directory')) stirred.add(path);
  }
  const due = source.entries.filter(
    ({ path, kind }) => kind === 'directory' && (stirred.has(path) || (path === '.' && stirred.size > 0)),
  );
  const files = steps.filter(({ entry, touch, made }) => entry.kind === 'file' && touch && !made);
  const late = [...files.map(({ path, entry }) => ({ path, mtime: entry.mtime })), ...due];
  return grouped(late, ({ mtime }) => String(mtime)).flatMap(([mtime, paths]) =>
    each(`touch -c -d @${mtime} --`, paths),
  );
}

function grouped<T extends { readonly path: string }>(items: readonly T[], keyOf: (item: T) => string | false) {
  const groups = new Map<string, string[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key !== false) groups.set(key, [...(groups.get(key) ?? []), `./${item.path}`]);
  }
  return [...groups];
}

function each(command: string, paths: readonly string[]): string[] {
  return chunks(paths).map((line) => `${command} ${line} || exit`);
}
