import type { Result } from '../modules/contract.ts';
import { groupAlike } from './alike.ts';
import { sanitizeLine } from './sanitize.ts';

/** How modules put several reasons into one message. */
const separator = '; ';

/** A message that lists reasons, as its head and a line for each, alike ones once; undefined for any other. */
export function reasonLines(result: Result): string[] | undefined {
  const { msg } = result;
  if (typeof msg !== 'string') return undefined;
  const reasons = Object.values(result).find(
    (value): value is string[] =>
      isTexts(value) && value.length > 1 && msg.length > 1 && msg.endsWith(value.join(separator)),
  );
  if (reasons === undefined) return undefined;
  const head = msg.slice(0, msg.length - reasons.join(separator).length).trimEnd();
  const told = reasons.map((reason) => ({ subject: { host: nodeHost(reason) }, kind: '', lines: [reason] }));
  const lines = groupAlike(told).map(({ members, lines: [text = ''] }) =>
    members.length > 1 ? `${members.map(({ host }) => host).join(' ')}: ${text}` : text,
  );
  return [head, ...lines.map((line) => `  - ${line}`)].filter((line) => line !== '').map(sanitizeLine);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

/** Reasons of the cluster begin with the node that they are about: `h1:6379 …`. */
function nodeHost(reason: string): string {
  return /^([\w.-]+):\d+\b/.exec(reason)?.[1] ?? '';
}
