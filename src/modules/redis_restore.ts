import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { TaskError } from '../errors/errors.ts';
import { type Manifest, manifestText } from '../redis/backup/manifest.ts';
import { doneMark, planRestore, RESTORE_MARK, type RestoreTarget } from '../redis/backup/restore-refusals.ts';
import { place as nameOf } from '../redis/cluster/classify.ts';
import { type DeclaredNode, queryOf } from '../redis/cluster/topology.ts';
import { quoteConfWord } from '../redis/conf/conf-words.ts';
import type { RespValue } from '../redis/node/contract.ts';
import { keySlot } from '../redis/node/key-slot.ts';
import { FACT_COMMANDS, nodeFacts } from '../redis/node/node-facts.ts';
import { observation, type SeenNode, viewOf } from '../redis/node/observe.ts';
import { slotsOf } from '../redis/slots/slots.ts';
import { rdbVersionOf } from '../redis/versions/rdb-version.ts';
import type { ApplyContext, HostModule } from './contract.ts';
import { declaredNodes } from './declared-nodes.ts';
import type { RedisRestoreArgs } from './generated/redis_restore.ts';
import { contentOfFile } from './local-file.ts';
import { ProgressWatch } from './progress-watch.ts';
import { localPath, readManifest } from './redis-backup/directory.ts';
import { firstBytes } from './redis-backup/first-bytes.ts';
import { type LoaderPlace, replied } from './redis-restore/loader.ts';
import { restoreShards } from './redis-restore/restore-shards.ts';

/** `prepare` reads the manifest and checks the files. */
type Args = RedisRestoreArgs & { readonly manifest: Manifest; readonly digest: string };
type Target = RestoreTarget & {
  readonly dataDir: string;
  readonly process: LoaderPlace['node'] | undefined;
  readonly tls: readonly string[];
};

/** A backup into an empty cluster of any shard count. */
export const redisRestore: HostModule<Args, readonly Target[]> = {
  kind: 'host',
  name: 'redis_restore',
  fusable: false,

  async prepare(given) {
    const backup = localPath(given.backup);
    const manifest = await readManifest(backup);
    await checkFiles(backup, manifest);
    const digest = createHash('sha256').update(manifestText(manifest)).digest('hex');
    return { ...given, backup, manifest, digest };
  },

  read: (args) => ({
    nodes: declaredNodes(args).flatMap((node) => [observation(node), queryOf(node, QUESTIONS)]),
  }),

  parse: ({ nodes }, args) =>
    declaredNodes(args).map((node, index) => {
      const [view, more] = nodes.slice(index * 2, index * 2 + 2);
      return targetOf(
        node,
        viewOf(node, view ?? { ok: false, kind: 'other', message: 'it was not asked' }),
        more?.ok ? more.replies : [],
      );
    }),

  plan(targets, args) {
    const { refusals, masters, resumes, done } = planRestore(targets, args.manifest, args.digest);
    if (refusals.length > 0) {
      return { changes: [], result: { refusals }, failed: `nothing was restored: ${refusals.join('; ')}` };
    }
    const result = { backup: args.backup, manifest: args.manifest };
    if (done) return { changes: [], result };
    const keys = args.manifest.shards.reduce((sum, shard) => sum + shard.keys, 0);
    const after = `${keys} keys of ${args.manifest.shards.length} shards into ${masters.length}`;
    return {
      changes: [{ what: `cluster ${args.name}`, before: resumes ? 'restored in part' : 'empty', after }],
      result,
    };
  },

  async apply(_plan, args, context, targets) {
    const { masters, resumes } = planRestore(targets, args.manifest, args.digest);
    const stallMs = args.timeout * 1000;
    const owner = ownerOfMark(masters);
    await put(owner, ['SET', RESTORE_MARK, args.digest], context);
    const { auth } = owner.node;
    const handOver = { masters, auth, replace: resumes, timeoutMs: stallMs };
    const places = placesOf(masters, targets);
    const restored = await restoreShards(args.manifest.shards, args.backup, places, handOver, context, stallMs);
    await awaitReplicas(masters, context, stallMs);
    const found = await countKeys(masters, context);
    // The mark is a key too.
    if (found - 1 < restored.keys - restored.expiring) {
      throw new TaskError(`${restored.keys} keys were handed over, and the cluster holds only ${found - 1}`, {
        hint: 'maxmemory with an eviction policy, or a client that deletes, is the usual cause',
      });
    }
    await put(owner, ['SET', RESTORE_MARK, doneMark(args.digest), 'EX', String(DONE_SECONDS)], context);
    return { keys: restored.keys, changed: true };
  },
};

/** Long enough for somebody to come back to a run that died. */
const DONE_SECONDS = 600;
const QUESTIONS = [...FACT_COMMANDS, ['GET', RESTORE_MARK], ['CONFIG', 'GET', 'dir'], ['CONFIG', 'GET', 'tls-*']];

function targetOf(node: DeclaredNode, view: Target['view'], replies: readonly RespValue[]): Target {
  const unseen = { view, maxMemory: 0, mark: undefined, dataDir: '', process: undefined, tls: [] };
  if (!view.seen) return unseen;
  const mark = replies[FACT_COMMANDS.length];
  const [dir, certificates] = replies.slice(FACT_COMMANDS.length + 1);
  try {
    const facts = nodeFacts(replies);
    return {
      view,
      maxMemory: facts.memory.max ?? 0,
      mark: typeof mark === 'string' ? mark : undefined,
      dataDir: Array.isArray(dir) ? String(dir[1] ?? '') : '',
      tls: tlsLines(certificates),
      process: facts.pid === null ? undefined : { pid: facts.pid, executable: facts.executable ?? '' },
    };
  } catch {
    return { ...unseen, view: { node, seen: false, kind: 'other', problem: 'gave no INFO' } };
  }
}

/** MIGRATE speaks TLS when the server that sends is told that the cluster does; it shows the certificate of the node on its host. */
function tlsLines(reply: RespValue | undefined): string[] {
  const words = Array.isArray(reply) ? reply.map(String) : [];
  const settings = words.flatMap((name, index) => (index % 2 === 0 ? [[name, words[index + 1] ?? ''] as const] : []));
  if (!settings.some(([name, value]) => name === 'tls-cluster' && value === 'yes')) return [];
  const wanted = settings.filter(
    ([name, value]) => value !== '' && (name === 'tls-cluster' || /-(file|dir|pass)$/.test(name)),
  );
  return wanted.map(([name, value]) => `${name} ${quoteConfWord(value)}`);
}

/** Nothing is sent anywhere when one file is not what the manifest says. */
async function checkFiles(directory: string, manifest: Manifest): Promise<void> {
  const problems: string[] = [];
  for (const shard of manifest.shards) {
    const file = join(directory, shard.file);
    try {
      const content = await contentOfFile(file);
      if (content.sha256 !== shard.sha256) problems.push(`${file} is damaged: its sha256 is ${content.sha256}`);
      else if (rdbVersionOf(await firstBytes(file, 9)) !== shard.rdb_version) {
        problems.push(`${file} does not begin as an RDB file of version ${shard.rdb_version}`);
      }
    } catch (error) {
      problems.push(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (problems.length > 0) throw new TaskError(`nothing was restored: ${problems.join('; ')}`);
}

function ownerOfMark(masters: readonly SeenNode[]): SeenNode {
  const slot = keySlot(RESTORE_MARK);
  const owner = masters.find(({ self }) => [...slotsOf(self.slots)].includes(slot));
  if (!owner) throw new TaskError(`no master owns slot ${slot}`);
  return owner;
}

/** A place on each host that runs a master; a file is loaded there from the disk that is made for such data. */
function placesOf(masters: readonly SeenNode[], targets: readonly Target[]): LoaderPlace[] {
  const places = new Map<string, LoaderPlace>();
  for (const master of masters) {
    const { dataDir, process, tls = [] } = targets.find(({ view }) => view.node === master.node) ?? {};
    const { host } = master.node;
    if (dataDir && process && !places.has(host)) places.set(host, { host, dataDir, node: process, tls });
  }
  if (places.size === 0) {
    throw new TaskError(`${masters.map(nameOf).join(', ')} do not tell their data directory and process`, {
      hint: 'the user of the task needs CONFIG GET dir and INFO',
    });
  }
  return [...places.values()];
}

async function put(owner: SeenNode, command: readonly string[], context: ApplyContext): Promise<void> {
  const answer = await context.query(queryOf(owner.node, [command]));
  if (!answer.ok) throw new TaskError(`${nameOf(owner)}: ${answer.message}`);
  replied(answer.replies[0], `${nameOf(owner)} refused ${command[0]} ${RESTORE_MARK}`);
}

/** What was restored is as safe as the cluster makes it only when the replicas have it. */
async function awaitReplicas(masters: readonly SeenNode[], context: ApplyContext, stallMs: number): Promise<void> {
  const watch = new ProgressWatch(stallMs);
  for (;;) {
    const all = await Promise.all(masters.map(async ({ node }) => await context.query(queryOf(node, FACT_COMMANDS))));
    const behind = all.flatMap((answer) => {
      const { replication } = nodeFacts(answer.ok ? answer.replies : []);
      return replication.replicas.map(({ offset }) => (replication.offset ?? 0) - offset).filter((bytes) => bytes > 0);
    });
    if (behind.length === 0) return;
    if (watch.stalledAt(behind.join(' '))) {
      throw new TaskError(`all keys are there, but ${behind.length} replicas stay behind: ${behind.join(', ')} bytes`);
    }
    context.progress(`waiting for ${behind.length} replicas`);
    await context.sleep(200);
  }
}

async function countKeys(masters: readonly SeenNode[], context: ApplyContext): Promise<number> {
  const counts = await Promise.all(
    masters.map(async ({ node }) => {
      const answer = await context.query(queryOf(node, [['DBSIZE']]));
      return answer.ok ? Number(answer.replies[0]) : Number.NaN;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}
