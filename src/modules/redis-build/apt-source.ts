import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { TaskError } from '../../errors/errors.ts';
import { cachedSource, digestOfFile, type FetchContext } from './fetch-source.ts';

const run = promisify(execFile);

/** The distribution's source package, verified by apt against its signed index and kept in the cache by digest. */
export interface AptSource {
  /** Upstream version, `7.0.15`. */
  readonly version: string;
  /** The distribution's version, `5:7.0.15-1~deb12u7`. */
  readonly packageVersion: string;
  readonly files: readonly { readonly name: string; readonly sha256: string }[];
}

/** The source package from the cache, or fetched with apt when there is none there or `refresh` asks for the newest. */
export async function aptSource(flavor: string, refresh: boolean, context: FetchContext): Promise<AptSource> {
  const record = `${context.cacheDir}/sources/apt-${flavor}.json`;
  const cached = refresh ? undefined : await readRecord(record, context.cacheDir);
  if (cached) {
    return cached;
  }
  await mkdir(`${context.cacheDir}/sources`, { recursive: true, mode: 0o700 });
  const work = `${context.cacheDir}/apt-${randomUUID()}`;
  await mkdir(`${work}/lists/partial`, { recursive: true, mode: 0o700 });
  await mkdir(`${work}/files`);
  try {
    const source = await download(flavor, work, context);
    await writeFile(`${work}/record`, JSON.stringify(source), { mode: 0o600 });
    await rename(`${work}/record`, record);
    return source;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function readRecord(record: string, cacheDir: string): Promise<AptSource | undefined> {
  const text = await readFile(record, 'utf8').catch(() => undefined);
  if (text === undefined) {
    return undefined;
  }
  const source = JSON.parse(text) as AptSource;
  const digests = await Promise.all(source.files.map((file) => digestOfFile(cachedSource(cacheDir, file.sha256))));
  return source.files.every((file, index) => digests[index] === file.sha256) ? source : undefined;
}

async function download(flavor: string, work: string, context: FetchContext): Promise<AptSource> {
  context.progress(`fetching the distribution's ${flavor} source package with apt`);
  await writeFile(`${work}/deb-src.sources`, await sourceStanzas());
  // A package list, cache and source list of its own: the machine's apt is neither changed nor locked.
  const options = [
    `Dir::Etc::sourcelist=${work}/deb-src.sources`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::lists=${work}/lists`,
    `Dir::Cache=${work}`,
    'APT::Sandbox::User=',
    'Acquire::Languages=none',
    'Acquire::http::Timeout=30',
  ].flatMap((option) => ['-o', option]);
  await apt(['-q', ...options, 'update'], work, context.signal);
  await apt(['-q', ...options, 'source', '--download-only', flavor], `${work}/files`, context.signal);
  return keep(`${work}/files`, context.cacheDir);
}

async function apt(args: string[], cwd: string, signal: AbortSignal): Promise<void> {
  try {
    await run('env', ['LC_ALL=C', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args], { cwd, signal });
  } catch (error) {
    const { stderr, code } = error as { stderr?: string; code?: unknown };
    const said = (stderr ?? '')
      .split('\n')
      .filter((line) => /^[EW]:/.test(line))
      .slice(-3)
      .join(' ');
    throw new TaskError(
      `apt-get could not fetch the source package on the control machine: ${said || String(code ?? error)}`,
      {
        hint: 'apt-source needs a Debian or Ubuntu control machine that reaches its mirror; else give source and sha256',
      },
    );
  }
}

/** The machine's own binary package sources, turned into source-package ones: same mirrors, suites, components and keys. */
async function sourceStanzas(): Promise<string> {
  const directory = '/etc/apt/sources.list.d';
  const names = await readdir(directory).catch(() => [] as string[]);
  const texts = await Promise.all(
    names.filter((name) => name.endsWith('.sources')).map((name) => readFile(`${directory}/${name}`, 'utf8')),
  );
  const lists = await Promise.all(
    [
      '/etc/apt/sources.list',
      ...names.filter((name) => name.endsWith('.list')).map((name) => `${directory}/${name}`),
    ].map((file) => readFile(file, 'utf8').catch(() => '')),
  );
  const stanzas = [...texts.flatMap(stanzasOf), ...lists.flatMap(stanzasOfList)];
  const distribution = stanzas.filter((stanza) => /\b(debian|ubuntu)[\w.-]*\b/i.test(stanza));
  if (distribution.length === 0) {
    throw new TaskError('This control machine has no Debian or Ubuntu package source for apt-source to read', {
      hint: 'give source and sha256 instead',
    });
  }
  return `${distribution.join('\n\n')}\n`;
}

/** Paragraphs of a deb822 file, comments removed, `Types` set to `deb-src`. */
export function stanzasOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .split(/\n\s*\n/)
    .filter((stanza) => /^URIs:/im.test(stanza) && !/^Enabled:\s*no/im.test(stanza))
    .map((stanza) => stanza.replace(/^Types:.*$/im, 'Types: deb-src').trim());
}

/** Lines of a one-line-style list as deb822 paragraphs. */
export function stanzasOfList(text: string): string[] {
  const stanzas: string[] = [];
  for (const line of text.split('\n')) {
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+?)\s*(?:#.*)?$/.exec(line.trim());
    if (match) {
      const key = /signed-by=(\S+)/.exec(match[1] ?? '')?.[1];
      const fields = ['Types: deb-src', `URIs: ${match[2]}`, `Suites: ${match[3]}`, `Components: ${match[4]}`];
      stanzas.push([...fields, ...(key ? [`Signed-By: ${key}`] : [])].join('\n'));
    }
  }
  return stanzas;
}

/** Put the fetched files into the cache under their digests. The .dsc names the version; the rest is what is built. */
async function keep(directory: string, cacheDir: string): Promise<AptSource> {
  const names = (await readdir(directory)).sort();
  const dsc = names.find((name) => name.endsWith('.dsc'));
  const packageVersion = dsc && /^Version:\s*(\S+)/m.exec(await readFile(`${directory}/${dsc}`, 'utf8'))?.[1];
  if (!packageVersion) {
    throw new TaskError(`apt-get fetched no source package description (.dsc), only: ${names.join(', ') || 'nothing'}`);
  }
  const files = [];
  for (const name of names.filter((one) => /\.tar\.\w+$/.test(one))) {
    const sha256 = (await digestOfFile(`${directory}/${name}`)) ?? '';
    const target = cachedSource(cacheDir, sha256);
    await copyFile(`${directory}/${name}`, `${target}.part`);
    await rename(`${target}.part`, target);
    files.push({ name, sha256 });
  }
  const version = packageVersion
    .replace(/^\d+:/, '')
    .replace(/-[^-]*$/, '')
    .replace(/[~+].*$/, '');
  return { version, packageVersion, files };
}
