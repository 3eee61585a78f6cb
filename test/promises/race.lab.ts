import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { directoryWith, play } from '../engine/play.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { start } from '../main-job/rcdeploy.ts';

const ROUNDS = 5;

describeLab('two runs at the same instant (P9)', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await labUp({ name: 'race', hosts: 4, replace: true });
  });
  afterAll(() => lab?.down());

  it('with disjoint limits of one group never both go on, and who loses changes nothing', async () => {
    const file = `${directoryWith({
      'race.yml': '- hosts: redis\n  gather_facts: false\n  tasks: [shell: "echo {{ who }} >>/srv/who; sleep 0.5"]\n',
    })}/race.yml`;
    const run = (who: string, limit: string) =>
      start(['run', file, '-i', lab.inventoryFile, '-e', `who=${who}`, '-l', limit]).finished;
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all(lab.hosts.map((host) => host.exec('rm -f /srv/who')));
      const both = await Promise.all([run('a', 'h1,h2'), run('b', 'h3,h4')]);
      const exits = both.map(({ exit }) => exit).sort();
      expect([
        [0, 3],
        [3, 3],
      ]).toContainEqual(exits);
      const seen = await Promise.all(lab.hosts.map(async (host) => (await host.exec('cat /srv/who')).stdout.trim()));
      expect(seen).toEqual(both.flatMap(({ exit }, index) => Array(2).fill(exit === 0 ? 'ab'[index] : '')));
      for (const { exit, end } of both) if (exit === 3) expect(end?.message).toMatch(/pid \d+.*race\.yml/);
    }
    expect((await play('- hosts: all\n  tasks: [command: "true"]\n', lab.inventoryFile)).exit).toBe(0);
  });
});
