import type { Outcome } from './task-board.ts';

/** An outcome with the lines that tell it. */
export interface Told {
  readonly outcome: Outcome;
  readonly lines: readonly string[];
}

/** Outcomes that read the same once each one's own name, item and address are taken out. */
export interface Alike {
  readonly members: readonly Outcome[];
  readonly lines: readonly string[];
}

interface Draft {
  readonly members: Outcome[];
  /** The lines in every form, from their own words to the most general. */
  readonly forms: readonly (readonly string[])[];
  readonly same: boolean[];
}

/** Puts together what is alike, told in the most exact words that are true of all its members. */
export function groupAlike(told: readonly Told[]): Alike[] {
  const shared = sharedAddresses(told);
  const drafts = new Map<string, Draft>();
  for (const one of told) {
    const forms = formsOf(one, shared);
    const key = JSON.stringify([one.outcome.status, forms.at(-1)]);
    const draft = drafts.get(key) ?? { members: [], forms, same: forms.map(() => true) };
    draft.members.push(one.outcome);
    for (const [index, lines] of forms.entries()) draft.same[index] &&= equal(lines, draft.forms[index] ?? []);
    drafts.set(key, draft);
  }
  return [...drafts.values()].map(({ members, forms, same }) => ({ members, lines: forms[same.indexOf(true)] ?? [] }));
}

/** A text with a placeholder for a word that is its own in each of many: `h1` in `h1:6379`, but not in `h12`. */
function withoutWord(line: string, word: string, placeholder: string): string {
  if (word === '' || !line.includes(word)) return line;
  const exact = word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return line.replace(new RegExp(`(?<!\\w)${exact}(?!\\w)`, 'g'), placeholder);
}

function formsOf({ outcome, lines }: Told, shared: ReadonlySet<string>): (readonly string[])[] {
  const replace = (from: readonly string[], word: string, by: string) =>
    from.map((line) => withoutWord(line, word, by));
  const own = [...addressesIn(lines)].filter((address) => !shared.has(address));
  const [address] = own;
  const named = replace(lines, outcome.host, '<host>');
  const addressed = address !== undefined && own.length === 1 ? replace(named, address, '<address>') : named;
  const isWord = outcome.item !== undefined && /^\w[\w.:/-]+$/.test(outcome.item);
  return [lines, named, addressed, isWord ? replace(addressed, outcome.item ?? '', '<item>') : addressed];
}

/** Addresses that all speak of are no one's own. */
function sharedAddresses(told: readonly Told[]): Set<string> {
  const [first, ...rest] = told.map(({ lines }) => addressesIn(lines)).filter((addresses) => addresses.size > 0);
  return new Set([...(first ?? [])].filter((address) => rest.every((addresses) => addresses.has(address))));
}

function addressesIn(lines: readonly string[]): Set<string> {
  return new Set(lines.flatMap((line) => line.match(/(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])/g) ?? []));
}

function equal(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((line, index) => line === other[index]);
}

/** One text said of several hosts; `<host>` in it stands for the name of each. */
export interface Saying {
  readonly hosts: string[];
  readonly text: string;
}

/** Puts together what differs only by the name of the host that it is said of. */
export function sayOnce(entries: readonly { readonly host: string; readonly text: string }[]): Saying[] {
  const sayings = new Map<string, { hosts: string[]; texts: Set<string> }>();
  for (const { host, text } of entries) {
    const general = withoutWord(text, host, '<host>');
    const saying = sayings.get(general) ?? { hosts: [], texts: new Set<string>() };
    if (!saying.hosts.includes(host)) saying.hosts.push(host);
    saying.texts.add(text);
    sayings.set(general, saying);
  }
  return [...sayings].map(([general, { hosts, texts }]) => {
    const [text] = texts;
    return { hosts, text: texts.size === 1 && text !== undefined ? text : general };
  });
}
