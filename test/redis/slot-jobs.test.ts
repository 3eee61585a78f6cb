import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RespValue } from '../../src/redis/node/contract.ts';
import { JobWatch } from '../../src/redis/slots/job-watch.ts';
import { parseTasks } from '../../src/redis/slots/migration-tasks.ts';
import { isActive, isHopeless, type SlotJob } from '../../src/redis/slots/slot-jobs.ts';
import { parseJobs } from '../../src/redis/slots/slot-migrations.ts';
import { atomicWayOf, migrationWay } from '../../src/redis/versions/atomic-migration.ts';

const job = (state: string, changes: Partial<SlotJob> = {}): SlotJob => ({
  name: 'a',
  isExport: true,
  leads: true,
  slots: [[0, 9]],
  from: 'giver',
  to: 'taker',
  state,
  message: '',
  retries: 0,
  pulse: 100,
  remaining: 0,
  ...changes,
});

describe('which way slots move', () => {
  it('is the servers own where both know the same one', () => {
    const valkey = (version: string) => ({ flavor: 'valkey' as const, version });
    const redis = (version: string) => ({ flavor: 'redis' as const, version });
    expect(
      ['8.1.1', '9.0.0', '9.0.0-rc1', '9.1.2', '10.0.0'].map((version) => atomicWayOf(valkey(version)) ?? 'none'),
    ).toEqual(['none', ...Array.from({ length: 4 }, () => 'MIGRATESLOTS')]);
    expect(['7.0.15', '8.2.1', '8.4.0', '8.10.0'].map((version) => atomicWayOf(redis(version)) ?? 'none')).toEqual([
      'none',
      'none',
      'IMPORT',
      'IMPORT',
    ]);
    expect(migrationWay(valkey('9.1.2'), valkey('9.0.0'))).toBe('MIGRATESLOTS');
    expect(migrationWay(redis('8.4.0'), redis('8.6.1'))).toBe('IMPORT');
    expect(migrationWay(valkey('9.1.2'), valkey('8.1.1'))).toBe('MIGRATE');
    expect(migrationWay(redis('8.2.1'), redis('8.4.0'))).toBe('MIGRATE');
    expect(migrationWay(redis('8.4.0'), valkey('9.1.2'))).toBe('MIGRATE');
  });
});

describe('whether jobs get on', () => {
  const stalledAfter = (...steps: readonly (readonly [at: number, jobs: readonly SlotJob[]])[]) => {
    const watch = new JobWatch(0, 1000);
    return steps.map(([at, jobs]) => watch.stalls(jobs, at));
  };

  it('is known before the changes by the other side being alive', () => {
    const alive = [0, 900, 1800, 2700].map((at, index) => [at, [job('snapshotting', { pulse: index })]] as const);
    expect(stalledAfter(...alive)).toEqual([false, false, false, false]);
    const silent = [0, 900, 1800].map((at) => [at, [job('snapshotting')]] as const);
    expect(stalledAfter(...silent)).toEqual([false, false, true]);
  });

  it('takes less that is left to send, or another state, after the snapshot', () => {
    const remaining = (...left: readonly number[]) =>
      left.map((bytes, index) => [index * 900, [job('replicating', { remaining: bytes, pulse: index })]] as const);
    expect(stalledAfter(...remaining(50, 40, 30, 20))).toEqual([false, false, false, false]);
    expect(stalledAfter(...remaining(50, 60, 50, 70))).toEqual([false, false, true, true]);
    expect(
      stalledAfter([0, [job('replicating')]], [900, [job('waiting-to-pause')]], [1800, [job('failover-paused')]]),
    ).toEqual([false, false, false]);
  });

  it('holds for all of them as long as one does', () => {
    const both = [0, 900, 1800].map(
      (at, index) => [at, [job('snapshotting'), job('snapshotting', { name: 'b', pulse: index })]] as const,
    );
    expect(stalledAfter(...both)).toEqual([false, false, false]);
  });
});

describe('what Valkey 9 says of its jobs', () => {
  const recording = JSON.parse(readFileSync(new URL('./replies/valkey-9.1.2.json', import.meta.url), 'utf8')) as {
    readonly replies: Readonly<Record<string, RespValue>>;
  };
  const said = (of: string) => parseJobs(recording.replies[`${of}CLUSTER GETSLOTMIGRATIONS`] ?? null);

  it('is read on both sides, the newest first', () => {
    const [given, back, first] = said('');
    const [taken] = said('taker: ');
    expect(given).toMatchObject({ isExport: true, slots: [[0, 299]], state: 'snapshotting', message: '' });
    expect(taken).toMatchObject({ isExport: false, slots: [[0, 299]], state: 'receiving-snapshot' });
    expect([taken?.name, taken?.from, taken?.to]).toEqual([given?.name, given?.from, given?.to]);
    expect(given?.pulse).toBeGreaterThan(1_700_000_000);
    for (const one of [back, first])
      expect(one).toMatchObject({
        slots: [
          [300, 309],
          [320, 320],
        ],
        state: 'success',
      });
    expect([given, taken, back, first].map((one) => one && isActive(one))).toEqual([true, true, false, false]);
  });

  it('has no ends of the way on a replica, and tells what was cancelled', () => {
    expect(said('replica: ')).toEqual([expect.objectContaining({ from: undefined, to: undefined, state: 'success' })]);
    const [cancelled] = said('cancelled: ');
    expect(cancelled && isActive(cancelled)).toBe(false);
  });
});

/** As a server said it that was built of Redis' own branch in June 2026, after 8.8; a taker, then its giver. */
describe('what Redis 8.4 and later say of their tasks', () => {
  const [giver, taker] = ['fa88114f06b041f62fce54e83b0290903af16054', 'f68938948b19deed170f8f72a8b0bf876c34bc24'];
  const id = '1567a291885493cd9397cbaaf76c6973eeebd52d';
  const task = (operation: string, state: string, error: string, retries: number, ended: number): RespValue[] => [
    ...['id', id, 'slots', '1000-1500 1600-1600', 'source', giver, 'dest', taker, 'operation', operation],
    ...['state', state, 'last_error', error, 'retries', retries, 'create_time', 1795695429195],
    ...['start_time', 1795695429195, 'end_time', ended, 'write_pause_ms', 0],
  ];
  const cluster = (trimming: number) =>
    `cluster_state:ok\r\ncluster_slot_migration_active_tasks:1\r\ncluster_slot_migration_active_trim_running:${trimming}\r\n`;
  const said = (entry: RespValue[], trimming = 0) =>
    parseTasks([entry], cluster(trimming), '# Stats\r\ntotal_net_repl_input_bytes:3399\r\n')[0];

  it('is read on both sides, the taker leading', () => {
    const taken = said(task('import', 'accumulate-buffer', '', 0, -1));
    const ranges = [
      [1000, 1500],
      [1600, 1600],
    ];
    expect(taken).toEqual({
      ...{ name: id, isExport: false, leads: true, slots: ranges, from: giver, to: taker },
      ...{ state: 'accumulate-buffer', message: '', retries: 0, pulse: 3399, remaining: 0 },
    });
    const given = said(task('migrate', 'send-bulk-and-stream', '', 0, -1));
    expect(given).toMatchObject({ isExport: true, leads: false, state: 'send-bulk-and-stream', pulse: 0 });
    expect([taken, given].map((one) => one && isActive(one))).toEqual([true, true]);
  });

  it('tells what goes on failing from what has ended', () => {
    const error =
      'Main and RDB channel clients are disconnected. (state: send-bulk-and-stream, rdb_channel_state: none)';
    const again = said(task('import', 'failed', error, 3, -1));
    expect(again).toMatchObject({ state: 'retrying', message: error });
    expect(again && isActive(again) && isHopeless(again)).toBe(true);
    const hopeful = said(task('import', 'failed', error, 2, -1));
    expect(hopeful && isHopeless(hopeful)).toBe(false);
    const ends = [
      said(task('migrate', 'failed', error, 0, -1)),
      said(task('import', 'canceled', 'Cancelled due to user request', 0, 1795695429631)),
      said(task('import', 'completed', '', 0, 1795695429631)),
    ];
    expect(ends.map((one) => one?.state)).toEqual(['failed', 'cancelled', 'success']);
    expect(ends.map((one) => one && isActive(one))).toEqual([false, false, false]);
  });

  it('is not over while the taker trims what it had taken', () => {
    const states = ['canceled', 'completed'].map(
      (state) => said(task('import', state, '', 0, 1795695429631), 1)?.state,
    );
    expect(states).toEqual(['cleaning-up', 'success']);
  });
});
