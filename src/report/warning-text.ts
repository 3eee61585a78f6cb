import { groupAlike } from './alike.ts';
import type { RunEvent } from './contract.ts';
import type { Palette } from './palette.ts';
import { sanitize } from './sanitize.ts';
import { everyHost } from './words.ts';

export type Warning = Extract<RunEvent, { event: 'warning' }>;

/** Warnings, alike ones once. Hosts come in the play's order, not in the one in which they answered. */
export function warningLines(warnings: readonly Warning[], hosts: readonly string[], palette: Palette): string[] {
  const rank = ({ host = '' }: Warning) => hosts.indexOf(host);
  const told = warnings
    .toSorted((a, b) => rank(a) - rank(b))
    .map((warning) => ({
      subject: { ...warning, host: warning.host ?? '' },
      kind: JSON.stringify([warning.path, warning.hint]),
      lines: [warning.message],
    }));
  return groupAlike(told).flatMap(({ members, lines: [text = ''] }) => {
    const [{ path = '', hint } = {}] = members;
    const names = [...new Set(members.map(({ host }) => host))].filter((host) => host !== '');
    const where = [everyHost(names, hosts), path].filter((part) => part !== '').join(', ');
    const line = palette.change(sanitize(`warning: ${text}${where === '' ? '' : ` (${where})`}`));
    return hint === undefined ? [line] : [line, sanitize(`    hint: ${hint}`)];
  });
}
