import { sayOnce } from './alike.ts';
import type { RunEvent } from './contract.ts';
import type { Palette } from './palette.ts';
import { sanitize } from './sanitize.ts';
import { everyHost } from './words.ts';

export type Warning = Extract<RunEvent, { event: 'warning' }>;

/** Warnings, alike ones once. Hosts come in the play's order, not in the one in which they answered. */
export function warningLines(warnings: readonly Warning[], hosts: readonly string[], palette: Palette): string[] {
  const kinds = new Map<string, Warning[]>();
  for (const warning of warnings) {
    const key = JSON.stringify([warning.path, warning.hint, warning.host === undefined ? warning.message : '']);
    kinds.set(key, [...(kinds.get(key) ?? []), warning]);
  }
  return [...kinds.values()].flatMap((kind) => kindLines(kind, hosts, palette));
}

/** Warnings with the same place and hint. */
function kindLines(kind: readonly Warning[], hosts: readonly string[], palette: Palette): string[] {
  const [first] = kind;
  if (first === undefined) return [];
  const hint = first.hint === undefined ? [] : [sanitize(`    hint: ${first.hint}`)];
  const rank = (host: string) => hosts.indexOf(host);
  const told = kind
    .flatMap(({ host, message: text }) => (host === undefined ? [] : [{ host, text }]))
    .toSorted((a, b) => rank(a.host) - rank(b.host));
  const sayings = told.length === 0 ? [{ hosts: [], text: first.message }] : sayOnce(told);
  const lines = sayings.map(({ hosts: said, text }) => {
    const where = [everyHost(said, hosts), first.path ?? ''].filter((part) => part !== '').join(', ');
    return palette.change(sanitize(`warning: ${text}${where === '' ? '' : ` (${where})`}`));
  });
  return [...lines, ...hint];
}
