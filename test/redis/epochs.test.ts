import { describe, expect, it } from 'vitest';
import { inParts } from '../../src/redis/cluster/migrate.ts';
import type { Step } from '../../src/redis/cluster/steps.ts';
import { observeAll } from '../../src/redis/node/cluster-io.ts';
import type { SeenNode } from '../../src/redis/node/observe.ts';
import { epochQuarrels } from '../../src/redis/slots/epochs.ts';
import { level, world } from './uneven-world.ts';

const views = (await observeAll(level, world(1).io())).filter((view) => view.seen);

/** The same with config epochs of these nodes changed, of which the others have heard unless they are `deaf`. */
function withEpochs(epochs: Readonly<Record<number, number>>, deaf: readonly number[] = []): SeenNode[] {
  const known = new Map(views.map((view, index) => [view.self.id, epochs[index] ?? view.epoch]));
  return views.map((view, index) => ({
    ...view,
    epoch: epochs[index] ?? view.epoch,
    others: deaf.includes(index)
      ? view.others
      : view.others.map((line) => ({ ...line, configEpoch: known.get(line.id) ?? line.configEpoch })),
  }));
}

const move = (from: number, to: number) => ({ from: `h${from}:${7000 + from}`, to: `h${to}:${7000 + to}` });

describe('epochQuarrels', () => {
  it('finds nothing where all epochs differ and are known', () => {
    expect(epochQuarrels(views, [move(0, 1)])).toEqual([]);
    expect(epochQuarrels(withEpochs({ 0: 9 }), [move(0, 1)])).toEqual([]);
  });

  it('finds a giver that may yet raise its epoch, whoever has the same', () => {
    const same = withEpochs({ 0: 9, 4: 9 });
    const quarrel = ['h0:7000 (10.0.0.1:7000) and h4:7004 (10.0.0.1:7004) have the same config epoch, 9'];
    expect(epochQuarrels(same, [move(0, 1)])).toEqual(quarrel);
    expect(epochQuarrels(same, [move(1, 0), move(2, 0)])).toEqual([]);
  });

  it('finds a taker that would raise its own to one that it has not heard of', () => {
    expect(epochQuarrels(withEpochs({ 3: 9 }, [1]), [move(0, 1)])).toEqual([
      'h1:7001 (10.0.0.1:7001) has not heard of config epoch 9 of h3:7003 (10.0.0.1:7003)',
    ]);
    expect(epochQuarrels(withEpochs({ 3: 9 }, [2]), [move(0, 1)])).toEqual([]);
  });
});

describe('inParts', () => {
  const step = (from: number, to: number): Step => {
    const { from: node, to: taker } = move(from, to);
    return { do: 'move-slots', node, to: taker, slots: [[0, 1]], empties: false, by: 'MIGRATE' };
  };
  const close: Step = { do: 'close-slots', node: 'h4:7004', slots: [[7, 7]] };

  it('keeps together what may move at once', () => {
    expect(inParts([close, step(0, 2), step(1, 2), step(0, 3)])).toEqual([[close, step(0, 2), step(1, 2), step(0, 3)]]);
    expect(inParts([])).toEqual([]);
  });

  it('has a node give only after it has taken, and take only after it has given', () => {
    expect(inParts([close, step(0, 1), step(1, 2), step(3, 2)])).toEqual([
      [close, step(0, 1)],
      [step(1, 2), step(3, 2)],
    ]);
    expect(inParts([step(0, 1), step(2, 0)])).toEqual([[step(0, 1)], [step(2, 0)]]);
  });
});
