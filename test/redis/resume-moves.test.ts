import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Killed, type SlotServer } from './slot-model.ts';
import { allKeys, bring, expectWhole, level, world } from './uneven-world.ts';

describe('moving slots', () => {
  it('ends level, with every key at its owner', async () => {
    const made = world(1);
    const keys = allKeys(made);
    await bring(made, level);
    await expectWhole(made, level, keys);
    expect(made.servers.map((server) => server.owned().length)).toEqual([3277, 3277, 3277, 3277, 3276]);
  });

  it('goes on after being killed at any commands, and whatever a failover makes nodes forget', async () => {
    const kill = fc.record({
      after: fc.integer({ min: 1, max: 2500 }),
      gossips: fc.boolean(),
      /** A node whose marks are lost with its process: the replica that takes over never had them. */
      forgets: fc.option(fc.nat(4)),
    });
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.array(kill, { minLength: 1, maxLength: 3 }), async (seed, kills) => {
        const made = world(seed);
        const keys = allKeys(made);
        for (const { after, gossips, forgets } of kills) {
          made.budget = after;
          await bring(made, level).catch((error: unknown) => {
            if (!(error instanceof Killed)) throw error;
          });
          if (forgets !== null) forget(made.servers[forgets]);
          if (gossips) made.gossip();
        }
        made.budget = Number.POSITIVE_INFINITY;
        await bring(made, level);
        await expectWhole(made, level, keys);
      }),
      { numRuns: 3 },
    );
  }, 240_000);

  it('loses nothing when a giver settles with another who of them has the higher epoch', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.nat(2), async (seed, giver) => {
        const made = world(seed);
        const [one, other] = [made.servers[giver], made.servers[(giver + 1) % 3]];
        if (!one || !other) return;
        one.epoch = other.epoch;
        let heardAfter = 1500;
        made.meanwhile = (server, [, , , mark]) => {
          heardAfter -= 1;
          // The worst moment: a slot of its is the taker's already, and it has not heard of it.
          if (one.epoch !== other.epoch || (heardAfter > 0 && (server !== one || mark !== 'NODE'))) return;
          one.epoch = made.highestEpoch() + 1;
          for (const hearer of made.servers) if (hearer !== one) hearer.hear(one);
        };
        const keys = allKeys(made);
        await bring(made, level);
        await expectWhole(made, level, keys);
      }),
      { numRuns: 3, endOnFailure: true },
    );
  }, 240_000);
});

function forget(server: SlotServer | undefined): void {
  server?.migrating.clear();
  server?.importing.clear();
}
