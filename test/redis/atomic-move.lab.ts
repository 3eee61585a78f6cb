import { mkdtempSync, rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { form } from '../../src/redis/cluster/form.ts';
import { planCluster } from '../../src/redis/cluster/plan.ts';
import type { DeclaredCluster } from '../../src/redis/cluster/topology.ts';
import { verify } from '../../src/redis/cluster/verify.ts';
import { observeAll } from '../../src/redis/node/cluster-io.ts';
import { LANGUAGES } from '../../src/redis/slots/job-languages.ts';
import { isActive } from '../../src/redis/slots/slot-jobs.ts';
import { atomicWayOf } from '../../src/redis/versions/atomic-migration.ts';
import { nameVersion } from '../../src/redis/versions/server-version.ts';
import { figuresLine, type Load, startLoad } from '../load/load.ts';
import { buildHere } from '../modules/redis/build-here.ts';
import { givenSource, NEWEST_VALKEY_MAKE_ARGS, newestValkeySource, type ServerSource } from '../redis-source.ts';
import { ask, command, declared, localIo, Servers, until } from './servers.ts';

/** Valkey 9, or what is given, such as Redis 8.4; or why there is none. */
async function obtain(): Promise<ServerSource | string> {
  const given = await givenSource();
  if (!given) return await newestValkeySource().catch(String);
  return atomicWayOf(given) ? given : `${nameVersion(given)} does not`;
}

const source = await obtain();
const title = typeof source === 'string' ? source : nameVersion(source);
const way = (typeof source === 'string' ? undefined : atomicWayOf(source)) ?? 'MIGRATESLOTS';
const isRedis = way === 'IMPORT';
const language = LANGUAGES[way];

const masters = [17461, 17462, 17463];
const replicas = [17471, 17472, 17473];
const [newMaster, newReplica] = [17464, 17474];
const all = [...masters, newMaster, ...replicas, newReplica];
const settings = ['--requirepass', 'p', '--masterauth', 'p', '--repl-diskless-sync-delay', '0'];
const debug = ['--enable-debug-command', 'yes'];

class Killed extends Error {}

describe.skipIf(typeof source === 'string')(`slots that servers hand over by themselves (${title})`, () => {
  let base: string;
  let servers: Servers;
  let load: Load | undefined;
  beforeAll(async () => {
    if (typeof source === 'string') throw new Error(source);
    base = mkdtempSync('/tmp/rcdeploy-atomic-test.');
    const bin = await buildHere(source, base, NEWEST_VALKEY_MAKE_ARGS);
    servers = new Servers(`${bin}/${source.flavor}-server`);
  }, 600_000);
  afterAll(() => rmSync(base, { recursive: true, force: true }));
  beforeEach(async () => {
    await Promise.all(all.map(async (port) => await servers.start(port, [...settings, ...debug])));
    await bring(small);
  });
  afterEach(async () => {
    load?.abandon();
    load = undefined;
    await servers?.stopAll();
  });

  const auth = { password: 'p' };
  const withPassword = (cluster: DeclaredCluster): DeclaredCluster => ({
    ...cluster,
    nodes: cluster.nodes.map((node) => ({ ...node, auth })),
  });
  const hosts = (ports: readonly number[]) => ports.map((port) => `h${port % 10}${port > 17470 ? 'r' : ''}`);
  const cluster = (ports: readonly number[], changes: Partial<DeclaredCluster> = {}) =>
    withPassword(declared(ports, { replicas: 1, ...changes }, hosts(ports)));
  const small = cluster([...masters, ...replicas]);
  const grown = cluster(all, { rebalance: true, threshold: 0 });
  const say = async (port: number, ...words: string[]) => await command(port, words, auth);
  const jobs = async (port: number) =>
    language.parse(await Promise.all(language.questions.map(async (words) => await say(port, ...words))));
  /** Who is told to move slots from one to the other. */
  const leader = (from: number, to: number) => (isRedis ? to : from);

  async function bring(wanted: DeclaredCluster, io = localIo()) {
    const formed = await form(wanted, await observeAll(wanted, io), io, { stallMs: 15_000 });
    expect(verify(wanted, formed.views, { placement: false })).toEqual([]);
    expect(planCluster(wanted, formed.views).steps).toEqual([]);
    return formed;
  }

  /** Every master takes the keys that are its own and refuses the others. */
  async function fill(count: number): Promise<void> {
    const commands = Array.from({ length: count }, (_, index) => ['SET', `filling:${index}`, 'v'.repeat(100)]);
    for (const port of masters) await ask({ via: 'here', address: '127.0.0.1', port, auth, commands });
    await expectKeys(count);
  }

  /** Each key is at one master, with its value. */
  async function expectKeys(count: number): Promise<void> {
    const commands = Array.from({ length: count }, (_, index) => ['GET', `filling:${index}`]);
    const found = await Promise.all(
      [...masters, newMaster].map(async (port) => {
        const answer = await ask({ via: 'here', address: '127.0.0.1', port, auth, commands });
        return answer.ok ? answer.replies.filter((reply) => reply === 'v'.repeat(100)).length : 0;
      }),
    );
    expect(found.reduce((sum, keys) => sum + keys, 0)).toBe(count);
  }

  /** Makes the snapshots of a master slow: milliseconds for each key. */
  async function slowDown(port: number, ms: number): Promise<void> {
    expect(await say(port, 'CONFIG', 'SET', 'rdb-key-save-delay', String(ms * 1000))).toBe('OK');
  }

  /** The connections of a run that is killed once a master has been told to hand slots over. */
  function killedAtFirstJob() {
    const io = localIo();
    return localIo({
      sleep: async (ms) => {
        await io.sleep(ms);
        const found = await Promise.all(masters.map(jobs));
        if (found.flat().some(isActive)) throw new Killed();
      },
    });
  }

  it('levels a cluster under load with one job for each way, and loses no acknowledged write', async () => {
    await fill(20_000);
    load = await startLoad({ seeds: [{ host: '127.0.0.1', port: 17461 }], password: 'p', writers: 3 });
    await load.more(100);
    const { steps, flights } = await bring(grown);
    await load.more(100);
    const figures = await load.stop();
    console.log(figuresLine(way, figures), JSON.stringify(flights));
    expect(figures).toMatchObject({ lost: 0, errors: [], wrongReads: 0 });
    expect(figures.mostDown).toBeLessThanOrEqual(1);
    expect(steps.filter((step) => step.includes(', all at one moment ('))).toHaveLength(3);
    expect(flights).toEqual([expect.objectContaining({ slots: 4096 })]);
    expect(flights[0]?.fell_back).toBeUndefined();
    for (const port of masters)
      expect((await jobs(port)).map(({ isExport, state }) => ({ isExport, state }))).toEqual([
        { isExport: true, state: 'success' },
      ]);
  });

  it('waits for what a run that was killed had begun, and goes on from there', async () => {
    await fill(3000);
    for (const port of masters) await slowDown(port, 5);
    await expect(bring(grown, killedAtFirstJob())).rejects.toThrow(Killed);
    const begun = (await Promise.all(masters.map(jobs))).flat().filter(isActive);
    expect(begun.length).toBeGreaterThan(0);
    const { steps, flights } = await bring(grown);
    expect(steps).toContainEqual(
      expect.stringMatching(/^h[14]:1746[14]: wait until slots [\d,-]+ are handed over, as was begun earlier$/),
    );
    expect(flights.every(({ fell_back }) => fell_back === undefined)).toBe(true);
    await expectKeys(3000);
  });

  it('cancels what was begun and is not wanted any more', async () => {
    await fill(3000);
    await slowDown(17461, 20);
    const id = String(await say(17462, 'CLUSTER', 'MYID'));
    const port = leader(17461, 17462);
    await say(port, ...language.start({ from: '', to: '', slots: [[0, 5000]] }, id));
    const isSending = (state: string) => /^(snapshotting|send-bulk-and-stream)$/.test(state);
    await until(async () => (await jobs(17461)).some(({ state }) => isSending(state)), 'the snapshot');
    await slowDown(17461, 0);
    const { steps } = await bring(grown);
    expect(steps).toContain(`h${port % 10}:${port}: cancel the handing over of slots 0-5000, which was begun earlier`);
    expect((await jobs(17461)).map(({ state }) => state)).toEqual(['success', 'cancelled']);
    await expectKeys(3000);
  });

  it('moves keys one by one where the giver cannot hand over, says why, and counts what it moved', async () => {
    await fill(3000);
    const failure = isRedis
      ? ['DEBUG', 'ASM-FAILPOINT', 'migrate-main-channel', 'wait-rdbchannel']
      : ['CONFIG', 'SET', 'primaryauth', 'wrong'];
    expect(await say(17462, ...failure)).toBe('OK');
    // With each slot that it opens or closes a Valkey waits for its replicas: few of them do.
    const light = grown.nodes.map((node) => (node.port === newMaster ? { ...node, weight: 0.05 } : node));
    const { flights } = await bring({ ...grown, nodes: light });
    expect(flights[0]?.fell_back).toEqual([
      expect.stringMatching(/^h2:17462 \(.*\) could not hand slots [\d,-]+ over at once: .*(auth|channel)/i),
    ]);
    expect(new Set((await jobs(17462)).map(({ state }) => state))).toEqual(new Set([isRedis ? 'cancelled' : 'failed']));
    expect(flights).toEqual([expect.objectContaining({ keys: await say(newMaster, 'DBSIZE') })]);
    await expectKeys(3000);
  });
});
