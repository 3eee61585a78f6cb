import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { TaskError } from '../errors/errors.ts';
import type { ApplyContext, HostModule, Plan, PlanEnv, Result } from './contract.ts';
import { download, parseChecksum } from './download.ts';
import {
  applyFileContent,
  type FileContentState,
  parseFileContent,
  planFileContent,
  readFileContent,
} from './file-content.ts';
import type { GetUrlArgs } from './generated/get_url.ts';
import { contentOfFile } from './local-file.ts';
import { ReplyLines } from './reply-lines.ts';

function nameOf(url: string): string {
  if (!URL.canParse(url))
    throw new TaskError(`${JSON.stringify(url)} is no address`, { hint: 'write https://…, http://… or file:///…' });
  return basename(new URL(url).pathname) || 'index.html';
}

/** The digest when the arguments themselves say it as SHA-256. */
function knownDigest(args: GetUrlArgs): string | undefined {
  if (args.checksum === '') return undefined;
  const { algorithm, value } = parseChecksum(args.checksum);
  return algorithm === 'sha256' && !value.includes(':') ? value : undefined;
}

function plan(state: FileContentState, args: GetUrlArgs, env: PlanEnv): Plan {
  const sha256 = knownDigest(args);
  const there = state.sha256 !== undefined;
  const result: Result = { url: args.url, dest: state.path };
  const content = { ...args, force: true };
  // Without a digest what stands there is taken as right, unless `force` asks for a comparison: only fetching can tell.
  if (sha256 === undefined && there) {
    const attributes = planFileContent(state, content, state.sha256, undefined, env);
    const compares = args.force || args.checksum !== '';
    return { ...attributes, result: { ...attributes.result, ...result }, ...(compares ? { applies: true } : {}) };
  }
  const planned = planFileContent(state, content, sha256 ?? `of ${args.url}`, undefined, env);
  return {
    ...planned,
    result: { ...planned.result, ...result, ...(sha256 === undefined ? {} : { checksum_src: sha256 }) },
  };
}

/** One download per run for all hosts that want the same; a file of a known digest is kept and found again. */
async function fetchFile(args: GetUrlArgs, context: ApplyContext) {
  const credentials =
    args.url_username === undefined
      ? {}
      : { Authorization: `Basic ${Buffer.from(`${args.url_username}:${args.url_password ?? ''}`).toString('base64')}` };
  const headers = { 'User-Agent': args.http_agent, ...credentials, ...args.headers };
  const key = createHash('sha256')
    .update(JSON.stringify([args.url, args.checksum, headers, args.validate_certs]))
    .digest('hex');
  context.progress(`fetching ${args.url}`);
  return await context.once(`get_url ${key}`, () =>
    download({
      url: args.url,
      checksum: args.checksum,
      headers,
      timeout: args.timeout,
      signal: context.signal,
      validateCerts: args.validate_certs,
      directory: `${context.cacheDir}/get_url`,
    }),
  );
}

export const getUrl: HostModule<GetUrlArgs, FileContentState> = {
  kind: 'host',
  name: 'get_url',
  fusable: true,
  prepare(args) {
    nameOf(args.url);
    if (args.checksum !== '') parseChecksum(args.checksum);
    return args;
  },
  read: (args) => ({ script: readFileContent({ ...args, follow: true }, nameOf(args.url), undefined) }),
  parse: ({ reply }, args) => parseFileContent(new ReplyLines(reply, `looking at ${args.dest}`), args),
  plan,
  async apply(planned, args, context, state) {
    const needsContent = planned.applies || planned.changes.some((change) => change.what === state.path);
    if (!needsContent) {
      await applyFileContent(planned, state, args, { size: 0, word: '/dev/null' }, context);
      return { changed: true };
    }
    const { file, status } = await fetchFile(args, context);
    const content = await contentOfFile(file);
    const env = { host: context.host, check: false, diff: context.diff, changesPredicted: false };
    const real = planFileContent(state, { ...args, force: true }, content.sha256, undefined, env);
    const made = real.changes.length === 0 ? {} : await applyFileContent(real, state, args, content, context);
    const digests = { checksum_src: content.sha1, checksum_dest: content.sha1, size: content.size };
    return { ...made, ...digests, status_code: status ?? null, changed: real.changes.length > 0 };
  },
};
