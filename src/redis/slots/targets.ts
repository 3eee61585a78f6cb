import { SLOT_COUNT } from './slots.ts';

/** A master as the arithmetic sees it. */
export interface Share {
  readonly owned: number;
  /** 0: it shall own nothing. */
  readonly weight: number;
}

/**
 * How many slots each master shall own when all are levelled by weight: its exact share, rounded up or down. Who owns more
 * already is rounded up first, so that no slot moves for a rounding.
 */
export function levelTargets(shares: readonly Share[], total = SLOT_COUNT): number[] {
  const exact = exactShares(shares, total);
  const targets = exact.map((share) => Math.floor(share + ROUNDING));
  const over = exact.map((share, index) => share - (targets[index] ?? 0));
  let left = total - sum(targets);
  const keeps = (index: number): number => ((shares[index]?.owned ?? 0) > (targets[index] ?? 0) ? 0 : 1);
  const order = exact
    .map((_, index) => index)
    .filter((index) => (over[index] ?? 0) > ROUNDING)
    .sort((a, b) => keeps(a) - keeps(b) || (over[b] ?? 0) - (over[a] ?? 0) || a - b);
  for (const index of order) {
    if (left === 0) break;
    targets[index] = (targets[index] ?? 0) + 1;
    left -= 1;
  }
  return targets;
}

/** Only what has weight 0 gives; the others fill up to one level, and none of them loses a slot. */
export function drainTargets(shares: readonly Share[]): number[] {
  const targets = shares.map(({ owned, weight }) => (weight === 0 ? 0 : owned));
  const level = (index: number): number => ((targets[index] ?? 0) + 1) / (shares[index]?.weight ?? 0);
  const takers = shares.flatMap(({ weight }, index) => (weight === 0 ? [] : [index]));
  for (let left = sum(shares.map(({ owned }) => owned)) - sum(targets); left > 0; left -= 1) {
    const lowest = takers.reduce((best, index) => (level(index) < level(best) ? index : best));
    targets[lowest] = (targets[lowest] ?? 0) + 1;
  }
  return targets;
}

/** Whether some master is further from its share than `percent` of it, or owns what it shall not own. */
export function isUneven(shares: readonly Share[], percent: number): boolean {
  const exact = exactShares(shares, sum(shares.map(({ owned }) => owned)));
  return shares.some(({ owned }, index) => {
    const share = exact[index] ?? 0;
    return share === 0 ? owned > 0 : (Math.abs(owned - share) / share) * 100 > percent;
  });
}

/** Fractions of slots that come from rounding in floating point. */
const ROUNDING = 1e-6;

function exactShares(shares: readonly Share[], total: number): number[] {
  const weights = sum(shares.map(({ weight }) => weight));
  return shares.map(({ weight }) => (weights === 0 ? 0 : (total * weight) / weights));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
