import { distance } from 'fastest-levenshtein';

/** The candidate that a mistyped name most likely meant: a third of its letters may differ, at most three. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(3, Math.max(1, Math.floor(name.length / 3))) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= bestDistance || candidate === name) continue;
    const between = lettersApart(name.toLowerCase(), candidate.toLowerCase());
    if (between < bestDistance) {
      best = candidate;
      bestDistance = between;
    }
  }
  return best;
}

/** Two neighbouring letters that changed places count as one. */
function lettersApart(a: string, b: string): number {
  const at = [...a].findIndex((letter, index) => letter !== b.charAt(index));
  const swapped = a.slice(0, at) + a.charAt(at + 1) + a.charAt(at) + a.slice(at + 2);
  return at >= 0 && swapped === b ? 1 : distance(a, b);
}
