import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { TaskError } from '../../errors/errors.ts';
import { quote } from '../../sh/quote.ts';
import type { ApplyContext } from '../contract.ts';
import type { BuildInfo, Platform } from './build-info.ts';
import {
  compileScript,
  directivesScript,
  installToolsScript,
  makeDirectoryScript,
  missingToolsScript,
  packScript,
  readPieceScript,
  type SourceNeeds,
  toolPackages,
} from './build-scripts.ts';
import { directivesJson } from './directives-json.ts';

const pieceKb = 768;

export interface BuildOrder {
  readonly key: string;
  readonly flavor: 'redis' | 'valkey';
  /** What the built server must say; undefined when the distribution decides. */
  readonly version: string;
  readonly origin: string;
  /** Verified files on the control machine: the tarball, then the distribution's patches. */
  readonly files: readonly string[];
  readonly sources: readonly string[];
  readonly makeArgs: readonly string[];
  readonly platform: Platform;
  readonly jobs: number;
  readonly installTools: boolean;
  /** Directories to build in, best first. */
  readonly places: readonly string[];
  /** The host that compiles, for messages. */
  readonly host: string;
}

type Shell = Pick<ApplyContext, 'sh'>;
type Teller = Pick<ApplyContext, 'progress'>;

/** Compile on a host, in a directory that is private and removed, and bring the packed result back. */
export async function buildOnHost(
  order: BuildOrder,
  shell: Shell,
  teller: Teller,
): Promise<{ info: BuildInfo; archive: Buffer }> {
  await provideTools(order, shell, teller);
  const dir = (
    await must(shell, makeDirectoryScript(order.places), `no place to build on ${order.host}`)
  ).stdout.trim();
  try {
    for (const [index, file] of order.files.entries()) {
      teller.progress(`sending the source of ${order.flavor} ${order.version} to ${order.host}`);
      await must(shell, `umask 077; cat >${quote(`${dir}/source-${index}`)}`, 'the source could not be written', {
        stdin: await readFile(file),
      });
    }
    const info = await compile(order, dir, shell, teller);
    const answers = (await must(shell, directivesScript(dir, `${dir}/stage/bin`), 'the built server does not run'))
      .stdout;
    await write(shell, `${dir}/stage/directives.json`, directivesJson(answers));
    await write(shell, `${dir}/stage/build.json`, JSON.stringify(info));
    return { info, archive: await fetchArchive(dir, shell) };
  } finally {
    await shell.sh(`rm -rf ${quote(dir)}`).catch(() => undefined);
  }
}

async function provideTools(order: BuildOrder, shell: Shell, teller: Teller): Promise<void> {
  const needs = await needsOf(order.files);
  const missing = async () =>
    (await must(shell, missingToolsScript(needs, order.makeArgs), 'looking for a compiler')).stdout
      .split('\n')
      .filter(Boolean);
  const before = await missing();
  if (before.length === 0) {
    return;
  }
  if (!order.installTools) {
    throw new TaskError(`${order.host} lacks what a build needs: ${before.join(', ')}`, {
      hint: 'set build_deps: present to have it installed, or build_on to another host of this platform',
    });
  }
  teller.progress(`installing a compiler on ${order.host} (${before.join(', ')} missing)`);
  const script = `${toolPackages(needs, order.makeArgs)}\n${installToolsScript}`;
  await must(shell, script, `what a build needs (${before.join(', ')}) could not be installed on ${order.host}`);
  const after = await missing();
  if (after.length > 0) {
    throw new TaskError(`${order.host} still lacks ${after.join(', ')} after the packages were installed`);
  }
}

const XZ_MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);

/** The cache keeps files under their digests, so their first bytes tell the format. A distribution's patches come as xz. */
async function needsOf([tarball = '', ...patches]: readonly string[]): Promise<SourceNeeds> {
  const file = await open(tarball);
  try {
    const { buffer } = await file.read(Buffer.alloc(XZ_MAGIC.length), 0, XZ_MAGIC.length, 0);
    return { patch: patches.length > 0, xz: patches.length > 0 || buffer.equals(XZ_MAGIC) };
  } finally {
    await file.close();
  }
}

async function compile(order: BuildOrder, dir: string, shell: Shell, teller: Teller): Promise<BuildInfo> {
  const started = Date.now();
  let files = 0;
  let told = 0;
  const tell = (chunk: string) => {
    files += chunk.split('CC\n').length - 1;
    if (Date.now() - told > 1000) {
      told = Date.now();
      const seconds = Math.round((told - started) / 1000);
      teller.progress(`compiling ${order.flavor} ${order.version} on ${order.host}: ${seconds} s, ${files} files`);
    }
  };
  const script = compileScript({ dir, makeArgs: order.makeArgs, jobs: order.jobs });
  const what = `${order.flavor} ${order.version} could not be built on ${order.host}`;
  const { stdout } = await must(shell, script, what, { onOutput: tell, idleTimeoutMs: 600_000 });
  const version = /^version (\S+)$/m.exec(stdout)?.[1];
  if (version !== order.version) {
    throw new TaskError(
      `The source was to be ${order.flavor} ${order.version}, but what was built from it says ${version}`,
      {
        hint: 'version and source (or its sha256) do not belong together',
      },
    );
  }
  return {
    key: order.key,
    flavor: order.flavor,
    version,
    origin: order.origin,
    sources: order.sources,
    makeArgs: order.makeArgs,
    platform: order.platform,
    // Redis 4 and 5 speak systemd's protocol themselves; later ones need libsystemd for it.
    notify: /^systemd$/m.test(stdout) || /^[45]\./.test(version),
    tls: /^tls$/m.test(stdout),
  };
}

async function fetchArchive(dir: string, shell: Shell): Promise<Buffer> {
  const [size, digest] = (await must(shell, packScript(dir), 'the build could not be packed')).stdout
    .trim()
    .split('\n');
  const pieces: Buffer[] = [];
  for (let index = 0; index * pieceKb * 1024 < Number(size); index++) {
    const { stdout } = await must(shell, readPieceScript(dir, index, pieceKb), 'the build could not be read back');
    pieces.push(Buffer.from(stdout, 'base64'));
  }
  const archive = Buffer.concat(pieces);
  if (createHash('sha256').update(archive).digest('hex') !== digest?.split(' ')[0]) {
    throw new TaskError('The built archive arrived damaged; nothing of it was kept', { hint: 'run again' });
  }
  return archive;
}

async function write(shell: Shell, file: string, text: string): Promise<void> {
  await must(shell, `cat >${quote(file)}`, `${file} could not be written`, { stdin: Buffer.from(text) });
}

/** Run a script that has to succeed. */
export async function must(shell: Shell, script: string, what: string, options: Parameters<Shell['sh']>[1] = {}) {
  const reply = await shell.sh(script, options);
  if (reply.rc !== 0) {
    const said = reply.stderr.trim() || reply.stdout.trim() || `exit status ${reply.rc}`;
    const hint = hints.find(([cause]) => cause.test(said))?.[1];
    throw new TaskError(`${what}: ${said}`, { ...(hint && { hint }), details: { rc: reply.rc, stderr: reply.stderr } });
  }
  return reply;
}

/** What to do about a place that takes no programs. */
const hints: readonly (readonly [cause: RegExp, hint: string])[] = [
  [
    /read-only file system|may not write in/i,
    'choose a prefix on a writable disk; the shipped playbooks: redis_prefix',
  ],
  [/no space left/i, 'make room there, or choose a prefix on another disk; the shipped playbooks: redis_prefix'],
  [
    /does not run here: .*permission denied/i,
    'the disk may be mounted noexec: choose another prefix; the shipped playbooks: redis_prefix',
  ],
];
