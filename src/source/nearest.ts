import { distance } from 'fastest-levenshtein';

/** The candidate that was probably meant; undefined when none is near (a third of the letters may differ, at most three). */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  const most = Math.min(3, Math.max(1, Math.floor(name.length / 3)));
  let best: string | undefined;
  let bestDistance = most + 1;
  for (const candidate of candidates) {
    const far = howFar(name.toLowerCase(), candidate.toLowerCase());
    if (far < bestDistance) {
      best = candidate;
      bestDistance = far;
    }
  }
  return best;
}

/** Levenshtein's distance, but swapped letters (`cpoy`) are one slip, not two. */
function howFar(name: string, candidate: string): number {
  const sameLetters = name.length === candidate.length && sorted(name) === sorted(candidate);
  return sameLetters && name !== candidate ? 1 : distance(name, candidate);
}

function sorted(text: string): string {
  return [...text].sort().join('');
}

/** `did you mean "x"?`, or undefined when nothing is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const found = nearest(name, candidates);
  return found === undefined ? undefined : `did you mean "${found}"?`;
}
