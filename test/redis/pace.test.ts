import { describe, expect, it } from 'vitest';
import { type Latency, Pace } from '../../src/redis/slots/pace.ts';

const steady = (ms: number): Latency => ({ medianMs: ms, p99Ms: ms });

describe('the pace of a move', () => {
  it('halves what is under way while clients wait too long, down to a floor, and grows again when there is room', () => {
    const pace = new Pace(5, steady(2));
    const start = pace.limits;
    pace.judge(5.1);
    expect(pace.limits).toMatchObject({ bytes: start.bytes / 2, inFlight: start.inFlight - 1 });
    for (let turn = 0; turn < 20; turn += 1) pace.judge(50);
    const least = pace.limits;
    expect(least.inFlight).toBe(1);
    pace.judge(4);
    expect(pace.limits).toEqual(least);
    for (let turn = 0; turn < 50; turn += 1) pace.judge(1);
    const grown = pace.limits.keys;
    expect(grown).toBeGreaterThan(start.keys);
    pace.judge(5.1);
    expect(pace.limits.keys).toBe(grown / 2);
    expect(pace.limits.inFlight).toBeLessThan(10);
  });

  it('makes no more commands of the same small keys for clients that wait for something else', () => {
    const pace = new Pace(5, steady(0.3));
    for (let turn = 0; turn < 20; turn += 1) pace.judge(50);
    expect(pace.limits.keys).toBe(100);
    expect(pace.limits.bytes).toBe(64 * 1024);
  });

  it('lets no more wait for a giver that is near than keep it at work', () => {
    const most = (quiet: Latency): number => {
      const pace = new Pace(5, quiet);
      for (let turn = 0; turn < 20; turn += 1) pace.judge(0.1);
      return pace.limits.inFlight;
    };
    expect(most(steady(0.3))).toBe(2);
    expect(most({ medianMs: 0.3, p99Ms: 3 })).toBe(2);
    expect(most(steady(2))).toBe(4);
  });

  it('counts the way to the nodes as no fault of the move', () => {
    expect(new Pace(5, steady(0.3)).budgetMs).toBe(5);
    expect(new Pace(5, steady(20)).budgetMs).toBe(40);
  });
});
