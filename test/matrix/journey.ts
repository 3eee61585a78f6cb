import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Flight } from '../../src/redis/slots/migration.ts';
import { migrationWay } from '../../src/redis/versions/atomic-migration.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { changedTasks, type Finished } from '../main-job/rcdeploy.ts';
import { type Shape, Site, slotsOf, type Variant } from './site.ts';

const THREE: Shape = { ports: { h1: [6379, 6380], h2: [6379, 6380], h3: [6379, 6380] } };
const FOUR: Shape = { ports: { ...THREE.ports, h2: [6379, 6380, 6381], h4: [6379] } };
const LEAVING: Shape = { ...FOUR, leavingHosts: ['h4'], leavingPorts: { h2: [6381] } };
const KEYS = 300;

/** By what slots moved, and why some moved otherwise than planned. */
function waysOf(run: Finished): { ways: Set<string>; fellBack: string[] } {
  const results = run.events.flatMap((event) =>
    event.event === 'result' && event.result.flights ? [event.result] : [],
  );
  const steps = results.flatMap((result) => (result.steps as string[] | undefined) ?? []);
  const flights = results.flatMap((result) => result.flights as Flight[]);
  return {
    ways: new Set(steps.flatMap((step) => / slots\) to .*\((\w+)\)$/.exec(step)?.[1] ?? [])),
    fellBack: flights.flatMap(({ fell_back }) => fell_back ?? []),
  };
}

/** A cluster from bare hosts to three shards, to four and back, with settings changed on the way. */
export function journey(title: string, variant: Variant, more?: (site: () => Site, shape: Shape) => void): void {
  describeLab(title, () => {
    let site: Site;
    beforeAll(async () => {
      site = await Site.up(variant);
    }, 600_000);
    afterAll(async () => await site?.lab.down());

    it('is created and verified, and a second run changes nothing', async () => {
      const created = await site.succeeds('cluster', THREE);
      expect(Object.values(slotsOf(created))).toEqual([5461, 5462, 5461]);
      const { flavor, version } = site.source;
      const field = flavor === 'valkey' ? 'valkey_version' : 'redis_version';
      for (const info of await site.askAll(THREE, 'INFO server')) expect(info).toContain(`${field}:${version}\r`);
      await site.changesNothing('cluster', THREE);
      await site.succeeds('verify', THREE);
    }, 600_000);

    if (more) more(() => site, THREE);

    it('takes over settings: live ones at once, others node by node', async () => {
      const keys = Array.from({ length: KEYS }, (_, index) => `SET key:${index} value:${index}\n`).join('');
      expect((await site.ask('h1', 6379, '-c', keys)).split('\n').filter((line) => line === 'OK')).toHaveLength(KEYS);
      site.configure({ 'maxmemory-policy': 'allkeys-lru' });
      const identity = async (): Promise<(string | undefined)[]> =>
        (await site.askAll(THREE, 'INFO server')).map((info) => /run_id:\w+/.exec(info)?.[0]);
      const before = await identity();
      await site.succeeds('cluster', THREE);
      expect(await identity()).toEqual(before);
      expect(new Set(await site.askAll(THREE, 'CONFIG GET maxmemory-policy'))).toEqual(
        new Set(['maxmemory-policy\nallkeys-lru']),
      );
      site.configure({ 'tcp-backlog': 300 });
      const rolled = changedTasks(await site.succeeds('cluster', THREE));
      expect(rolled.filter((task) => task.startsWith('Restarts that are owed'))).toHaveLength(1);
      expect(new Set(await site.askAll(THREE, 'CONFIG GET tcp-backlog'))).toEqual(new Set(['tcp-backlog\n300']));
      const after = await identity();
      expect(after.filter((id) => before.includes(id))).toEqual([]);
      await site.changesNothing('cluster', THREE);
    }, 300_000);

    it('grows to four shards, shrinks to three, and has every key', async () => {
      const grown = await site.succeeds('scale-out', FOUR);
      expect(Object.values(slotsOf(grown)).sort()).toEqual([4096, 4096, 4096, 4096]);
      const planned = { ways: new Set([migrationWay(site.source, site.source)]), fellBack: [] };
      expect(waysOf(grown)).toEqual(planned);
      await site.changesNothing('scale-out', FOUR);
      const shrunk = await site.succeeds('scale-in', LEAVING);
      expect(waysOf(shrunk)).toEqual(planned);
      expect(Object.keys(slotsOf(shrunk))).toHaveLength(3);
      const keys = Array.from({ length: KEYS }, (_, index) => `GET key:${index}\n`).join('');
      const values = (await site.ask('h3', 6380, '-c', keys)).split('\n').filter((line) => line.startsWith('value:'));
      expect(values).toEqual(Array.from({ length: KEYS }, (_, index) => `value:${index}`));
      await site.succeeds('verify', THREE);
      // Of the host that kept other nodes, the declaration has one port less now.
      expect(changedTasks(await site.succeeds('cluster', THREE))).toEqual(['Rotation of the logs h2']);
      await site.changesNothing('cluster', THREE);
    }, 300_000);
  });
}
