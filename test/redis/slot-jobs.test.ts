import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RespValue } from '../../src/redis/node/contract.ts';
import { JobWatch } from '../../src/redis/slots/job-watch.ts';
import { isActive, parseJobs, type SlotJob } from '../../src/redis/slots/slot-jobs.ts';
import { knowsMigrateSlots, migrationWay } from '../../src/redis/versions/atomic-migration.ts';

const job = (state: string, changes: Partial<SlotJob> = {}): SlotJob => ({
  name: 'a',
  isExport: true,
  slots: [[0, 9]],
  from: 'giver',
  to: 'taker',
  state,
  message: '',
  lastAck: 100,
  remaining: 0,
  ...changes,
});

describe('which way slots move', () => {
  it('is the servers own where both are Valkey 9 or later', () => {
    const valkey = (version: string) => ({ flavor: 'valkey' as const, version });
    expect(
      ['8.1.1', '9.0.0', '9.0.0-rc1', '9.1.2', '10.0.0'].map((version) => knowsMigrateSlots(valkey(version))),
    ).toEqual([false, true, true, true, true]);
    expect(knowsMigrateSlots({ flavor: 'redis', version: '9.0.0' })).toBe(false);
    expect(migrationWay(valkey('9.1.2'), valkey('9.0.0'))).toBe('MIGRATESLOTS');
    expect(migrationWay(valkey('9.1.2'), valkey('8.1.1'))).toBe('MIGRATE');
    expect(migrationWay(valkey('8.1.1'), valkey('9.1.2'))).toBe('MIGRATE');
  });
});

describe('whether jobs get on', () => {
  const stalledAfter = (...steps: readonly (readonly [at: number, jobs: readonly SlotJob[]])[]) => {
    const watch = new JobWatch(0, 1000);
    return steps.map(([at, jobs]) => watch.stalls(jobs, at));
  };

  it('is known before the changes by the other side being alive', () => {
    const alive = [0, 900, 1800, 2700].map((at, index) => [at, [job('snapshotting', { lastAck: index })]] as const);
    expect(stalledAfter(...alive)).toEqual([false, false, false, false]);
    const silent = [0, 900, 1800].map((at) => [at, [job('snapshotting')]] as const);
    expect(stalledAfter(...silent)).toEqual([false, false, true]);
  });

  it('takes less that is left to send, or another state, after the snapshot', () => {
    const remaining = (...left: readonly number[]) =>
      left.map((bytes, index) => [index * 900, [job('replicating', { remaining: bytes, lastAck: index })]] as const);
    expect(stalledAfter(...remaining(50, 40, 30, 20))).toEqual([false, false, false, false]);
    expect(stalledAfter(...remaining(50, 60, 50, 70))).toEqual([false, false, true, true]);
    expect(
      stalledAfter([0, [job('replicating')]], [900, [job('waiting-to-pause')]], [1800, [job('failover-paused')]]),
    ).toEqual([false, false, false]);
  });

  it('holds for all of them as long as one does', () => {
    const both = [0, 900, 1800].map(
      (at, index) => [at, [job('snapshotting'), job('snapshotting', { name: 'b', lastAck: index })]] as const,
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
    expect(given?.lastAck).toBeGreaterThan(1_700_000_000);
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
