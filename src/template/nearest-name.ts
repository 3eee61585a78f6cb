import { distance } from 'fastest-levenshtein';

/** The candidate that a mistyped name most likely meant, or `undefined` when none is near. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const limit = Math.max(1, Math.floor(name.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const between = distance(name, candidate);
    if (between < bestDistance && candidate !== name) {
      best = candidate;
      bestDistance = between;
    }
  }
  return best;
}
