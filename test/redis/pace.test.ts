import { describe, expect, it } from 'vitest';
import { Pace } from '../../src/redis/slots/pace.ts';

describe('the pace of a move', () => {
  it('halves what is under way while clients wait too long, down to a floor, and grows again when there is room', () => {
    const pace = new Pace(5, 2);
    const start = pace.limits;
    pace.judge(5.1);
    expect(pace.limits).toEqual({ keys: start.keys / 2, bytes: start.bytes / 2, inFlight: start.inFlight - 1 });
    for (let turn = 0; turn < 20; turn += 1) pace.judge(50);
    const least = pace.limits;
    expect(least.inFlight).toBe(1);
    pace.judge(4);
    expect(pace.limits).toEqual(least);
    for (let turn = 0; turn < 50; turn += 1) pace.judge(1);
    expect(pace.limits.keys).toBeGreaterThan(start.keys);
    expect(pace.limits.inFlight).toBeLessThan(10);
  });

  it('lets no more wait for a giver that is near than keep it at work', () => {
    const most = (quietMs: number): number => {
      const pace = new Pace(5, quietMs);
      for (let turn = 0; turn < 20; turn += 1) pace.judge(0.1);
      return pace.limits.inFlight;
    };
    expect(most(0.3)).toBe(2);
    expect(most(2)).toBe(4);
  });

  it('counts the way to the nodes as no fault of the move', () => {
    expect(new Pace(5, 0.3).budgetMs).toBe(5);
    expect(new Pace(5, 20).budgetMs).toBe(40);
  });
});
