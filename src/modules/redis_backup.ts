import { join } from 'node:path';
import { TaskError } from '../errors/errors.ts';
import { type BackedUpNode, type BackedUpShard, type Manifest, manifestOf } from '../redis/backup/manifest.ts';
import { backupSources, type ShardSource, sameShards } from '../redis/backup/sources.ts';
import { place as nameOf } from '../redis/cluster/classify.ts';
import { nodeName } from '../redis/cluster/topology.ts';
import { type NodeView, observation, type SeenNode, viewOf } from '../redis/node/observe.ts';
import { formatSlots } from '../redis/slots/slots.ts';
import { rdbVersionOf } from '../redis/versions/rdb-version.ts';
import { quote } from '../sh/quote.ts';
import type { ApplyContext, HostModule } from './contract.ts';
import { declaredNodes } from './declared-nodes.ts';
import type { RedisBackupArgs } from './generated/redis_backup.ts';
import { exists, localPath, readManifest, UnfinishedBackup } from './redis-backup/directory.ts';
import { fetchFile, pinnedName } from './redis-backup/fetch.ts';
import { save, whereItSaves } from './redis-backup/save.ts';

/** `prepare` gives the label, and finds out whether the backup is there already. */
type Args = RedisBackupArgs & { readonly label: string; readonly done: Manifest | undefined };

/** An RDB file of every shard with a manifest, in a directory of the control machine. */
export const redisBackup: HostModule<Args, readonly NodeView[]> = {
  kind: 'host',
  name: 'redis_backup',
  fusable: false,

  async prepare(given) {
    const dir = localPath(given.dir);
    const { label = defaultLabel(given.name) }: RedisBackupArgs = given;
    const there = await exists(join(dir, label));
    return { ...given, dir, label, done: there ? await readManifest(join(dir, label)) : undefined };
  },

  read: (args) => ({ nodes: args.done ? [] : declaredNodes(args).map((node) => observation(node)) }),

  parse: ({ nodes }, args) =>
    args.done
      ? []
      : declaredNodes(args).map((node, index) =>
          viewOf(node, nodes[index] ?? { ok: false, kind: 'other', message: 'it was not asked' }),
        ),

  plan(views, args) {
    const path = join(args.dir, args.label);
    if (args.done) return { changes: [], result: { path, manifest: args.done } };
    const { refusals, shards } = backupSources(views, args.from);
    if (refusals.length > 0) {
      return { changes: [], result: { refusals }, failed: `no backup can be made: ${refusals.join('; ')}` };
    }
    const after = shards.map(({ master, source }) => {
      const slots = formatSlots(master.self.slots);
      return source === master ? `${slots} from ${nameOf(master)}` : `${slots} from ${nameOf(source)}, a replica`;
    });
    return { changes: [{ what: path, before: null, after }], result: { path } };
  },

  async apply(_plan, args, context, views) {
    const { shards } = backupSources(views, args.from);
    const started = new Date();
    const unfinished = await UnfinishedBackup.begin(args.dir, args.name, args.label);
    try {
      await removePins(views, context);
      const files = await allSettled(shards.map((shard) => backUp(shard, unfinished.path, args, context)));
      const now = await Promise.all(
        declaredNodes(args).map(async (node) => viewOf(node, await context.query(observation(node)))),
      );
      if (!sameShards(shards, now)) {
        throw new TaskError('slots moved while the backup was made, so some keys may be missing: it was thrown away');
      }
      const manifest = manifestOf(args.name, started, new Date(), files);
      await unfinished.finish(manifest);
      return { path: join(args.dir, args.label), manifest };
    } catch (error) {
      await unfinished.abandon();
      throw error;
    }
  },
};

/** `main-20260102T030405Z` */
function defaultLabel(cluster: string): string {
  return `${cluster}-${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}`;
}

/** What one shard fails with is thrown only when no other works on the unfinished backup any more. */
async function allSettled<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const outcomes = await Promise.allSettled(work);
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
}

/** A killed backup leaves second names of files, which keep room on the node's disk. */
async function removePins(views: readonly NodeView[], context: ApplyContext): Promise<void> {
  const seen = views.filter((view) => view.seen);
  await Promise.all(
    seen.map(async (view) => {
      const place = await whereItSaves(view, context);
      await context.on(view.node.host).sh(`rm -f ${quote(pinnedName(place))}`);
    }),
  );
}

async function backUp(
  shard: ShardSource,
  directory: string,
  args: Args,
  context: ApplyContext,
): Promise<BackedUpShard> {
  const { master, source } = shard;
  const saved = await save(shard, context, args.timeout * 1000);
  const file = `${master.self.id}.rdb`;
  const fetched = await fetchFile(saved, context.on(source.node.host), join(directory, file), (done, total) =>
    context.progress(
      `${nodeName(source.node)}: ${Math.floor(done / 1048576)} of ${Math.ceil(total / 1048576)} MB here`,
    ),
  );
  const version = rdbVersionOf(fetched.head);
  if (version === undefined) throw new TaskError(`${saved.directory}/${saved.file} is no RDB file`);
  return {
    file,
    sha256: fetched.sha256,
    bytes: fetched.bytes,
    rdb_version: version,
    slots: formatSlots(master.self.slots),
    keys: saved.keys,
    used_memory: saved.usedMemory,
    master: backedUp(master),
    source: backedUp(source),
  };
}

function backedUp({ node, self, flavor, version }: SeenNode): BackedUpNode {
  return { id: self.id, host: node.host, port: node.port, flavor, version };
}
