import { type Diagnostic, formatSpan } from '../errors/diagnostic.ts';
import { groupAlike } from './alike.ts';
import type { RunEvent } from './contract.ts';
import type { Palette } from './palette.ts';
import { sanitize } from './sanitize.ts';
import { everyHost } from './words.ts';

export type Warning = Extract<RunEvent, { event: 'warning' }>;

/** Warnings, alike ones once. Hosts come in the play's order, not in the one in which they answered. */
export function warningLines(warnings: readonly Warning[], hosts: readonly string[], palette: Palette): string[] {
  return grouped(warnings, hosts).flatMap(({ text, hint }) => {
    const line = palette.change(sanitize(`warning: ${text}`));
    return hint === undefined ? [line] : [line, sanitize(`    hint: ${hint}`)];
  });
}

/** The same for a list of warnings alone. */
export function warningTexts(warnings: readonly Warning[], hosts: readonly string[]): string[] {
  return grouped(warnings, hosts).map(({ text, hint }) => (hint === undefined ? text : `${text}; ${hint}`));
}

function grouped(warnings: readonly Warning[], hosts: readonly string[]): { text: string; hint: string | undefined }[] {
  const rank = ({ host = '' }: Warning) => hosts.indexOf(host);
  const told = warnings
    .toSorted((a, b) => rank(a) - rank(b))
    .map((warning) => ({
      subject: { ...warning, host: warning.host ?? '' },
      kind: JSON.stringify([placeOf(warning), warning.hint]),
      lines: [warning.message],
    }));
  return groupAlike(told).map(({ members, lines: [text = ''] }) => {
    const [first] = members;
    const path = first === undefined ? '' : placeOf(first);
    const names = [...new Set(members.map(({ host }) => host))].filter((host) => host !== '');
    const where = [everyHost(names, hosts), path].filter((part) => part !== '').join(', ');
    return { text: `${text}${where === '' ? '' : ` (${where})`}`, hint: first?.hint };
  });
}

/** A task at work stands in the line above. */
function placeOf({ task, path = '' }: Warning): string {
  return task === undefined ? path : '';
}

/** A finding in the input on one line, without its code frame. */
export function diagnosticText({ message, span, hint }: Diagnostic): string {
  const where = span === undefined ? '' : `${formatSpan(span)}: `;
  return `${where}${message}${hint === undefined ? '' : `; ${hint}`}`;
}
