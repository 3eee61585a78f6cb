import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JobServer } from './job-model.ts';
import { Killed, type SlotWorld } from './slot-model.ts';
import { TaskServer } from './task-model.ts';
import { allKeys, bring, expectWhole, level, world } from './uneven-world.ts';

const statesOf = (made: SlotWorld): Set<string> =>
  new Set(
    made.servers.flatMap((server) => {
      if (server instanceof JobServer) return server.jobs.map(({ state }) => state);
      return server instanceof TaskServer ? server.tasks.map(({ state }) => state) : [];
    }),
  );

describe.each([
  { as: 'Valkey 9', Server: JobServer, ends: ['success', 'failed'] },
  { as: 'Redis 8.4', Server: TaskServer, ends: ['completed', 'canceled'] },
])('moving slots between servers that hand them over by themselves, as $as does', ({ Server, ends }) => {
  it('ends level with every key at its owner, whether jobs succeed or fail', async () => {
    const made = world(1, (...args) => new Server(...args));
    const keys = allKeys(made);
    await bring(made, level);
    await expectWhole(made, level, keys);
    expect(statesOf(made)).toEqual(new Set(ends));
  });

  it('goes on after being killed at any commands', async () => {
    const kills = fc.array(fc.record({ after: fc.integer({ min: 1, max: 400 }), gossips: fc.boolean() }), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(fc.integer(), kills, async (seed, moments) => {
        const made = world(seed, (...args) => new Server(...args));
        const keys = allKeys(made);
        for (const { after, gossips } of moments) {
          made.budget = after;
          await bring(made, level).catch((error: unknown) => {
            if (!(error instanceof Killed)) throw error;
          });
          if (gossips) made.gossip();
        }
        made.budget = Number.POSITIVE_INFINITY;
        await bring(made, level);
        await expectWhole(made, level, keys);
      }),
      { numRuns: 1 },
    );
  }, 240_000);
});
