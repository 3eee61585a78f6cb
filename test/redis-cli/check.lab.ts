import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildHere } from '../modules/redis/build-here.ts';
import { until } from '../redis/servers.ts';
import { redisSource, valkeySource } from '../redis-source.ts';
import { redisCli, type Said } from './redis-cli.ts';
import { AUTH, PORTS, STATES, StatesCluster } from './states.ts';

const docs = readFileSync(new URL('../../docs/redis-cli.md', import.meta.url), 'utf8');

/** Lines that say that something is wrong. */
const complaints = ({ text }: Said): string[] => text.split('\n').filter((line) => /^\[(ERR|WARNING)\]/.test(line));

/** `redis-cli --cluster check`, or Valkey's, beside verify, in each state that a cluster may be in. */
describe.each([
  ['redis-cli of Redis 7.0', 'redis', redisSource],
  ['valkey-cli of Valkey 8.1', 'valkey', valkeySource],
] as const)('%s --cluster check beside verify', (_, flavor, obtain) => {
  const base = mkdtempSync('/tmp/rcdeploy-check-test.');
  const bin = `${base}/server/current/bin`;
  let cluster: StatesCluster;

  const check = async (...options: string[]): Promise<Said> =>
    await redisCli(
      ['check', `127.0.0.1:${PORTS[0]}`, '-a', AUTH?.password ?? '', ...options],
      20_000,
      '',
      `${bin}/${flavor}-cli`,
    );

  beforeAll(async () => {
    await buildHere(await obtain(), `${base}/server`);
    cluster = new StatesCluster(`${bin}/${flavor}-server`, flavor);
    await cluster.up();
  }, 600_000);
  afterAll(async () => {
    await cluster?.servers.stopAll();
    rmSync(base, { recursive: true, force: true });
  });

  it.each(STATES)('$title', async ({ title, make, check: line, verify }) => {
    expect(docs).toContain(`| ${title} |`);
    const undo = await make(cluster);
    try {
      const sought = async (): Promise<boolean> => {
        const found = await cluster.findings();
        return verify.length === 0 ? found.length === 0 : verify.every((code) => found.includes(code));
      };
      await until(sought, `verify to find ${verify.join(', ') || 'nothing'}`);
      const said = await check();
      expect(said.exit, said.text).toBe(line === undefined ? 0 : 1);
      if (line === undefined) expect(complaints(said)).toEqual([]);
      else expect(said.text).toMatch(line);
      if (verify.length === 0) {
        const searched = await check('--cluster-search-multiple-owners');
        expect(searched.text).toMatch(/\[WARNING\] Slot 12182 has 2 owners/);
      }
    } finally {
      await undo();
      await cluster.well();
    }
    expect(complaints(await check())).toEqual([]);
  });
});
