/** What lines are about: a host, or one item of its loop. */
export interface Subject {
  readonly host: string;
  readonly item?: string | undefined;
}

/** A subject with the lines that tell it. What differs in `kind` is never put together. */
export interface Told<S extends Subject> {
  readonly subject: S;
  readonly kind: string;
  readonly lines: readonly string[];
}

/** Subjects that read the same once each one's own name, address and item are taken out. */
export interface Alike<S extends Subject> {
  readonly members: readonly S[];
  readonly lines: readonly string[];
  /** What `<address>` in the lines stands for. */
  readonly addresses: readonly string[];
}

interface Draft<S extends Subject> {
  readonly members: S[];
  /** The lines in every form, from their own words to the most general. */
  readonly forms: readonly (readonly string[])[];
  readonly same: boolean[];
  readonly addresses: Set<string>;
}

/** Puts together what is alike, told in the most exact words that are true of all its members. */
export function groupAlike<S extends Subject>(told: readonly Told<S>[]): Alike<S>[] {
  const shared = sharedAddresses(told);
  const drafts = new Map<string, Draft<S>>();
  for (const one of told) {
    const address = ownAddress(one.lines, shared);
    const forms = formsOf(one, address);
    const key = JSON.stringify([one.kind, forms.at(-1)]);
    const draft = drafts.get(key) ?? { members: [], forms, same: forms.map(() => true), addresses: new Set() };
    draft.members.push(one.subject);
    if (address !== undefined) draft.addresses.add(address);
    for (const [index, lines] of forms.entries()) draft.same[index] &&= equal(lines, draft.forms[index] ?? []);
    drafts.set(key, draft);
  }
  return [...drafts.values()].map(({ members, forms, same, addresses }) => {
    const form = same.indexOf(true);
    return { members, lines: forms[form] ?? [], addresses: form < addressForm ? [] : [...addresses] };
  });
}

/** Index of the first form that has `<address>`. */
const addressForm = 2;

function formsOf<S extends Subject>({ subject, lines }: Told<S>, address: string | undefined): (readonly string[])[] {
  const { host, item } = subject;
  const replace = (from: readonly string[], word: string, by: string) =>
    from.map((line) => withoutWord(line, word, by));
  const named = replace(lines, host, '<host>');
  const addressed = address === undefined ? named : replace(named, address, '<address>');
  const isWord = item !== undefined && /^\w[\w.:/-]+$/.test(item);
  return [lines, named, addressed, isWord ? replace(addressed, item, '<item>') : addressed];
}

/** A text with a placeholder for a word that is its own in each of many: `h1` in `h1:6379`, but not in `h12`. */
function withoutWord(line: string, word: string, placeholder: string): string {
  if (word === '' || !line.includes(word)) return line;
  const exact = word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return line.replace(new RegExp(`(?<!\\w)${exact}(?!\\w)`, 'g'), placeholder);
}

/** The only address in these lines that not everyone speaks of. */
function ownAddress(lines: readonly string[], shared: ReadonlySet<string>): string | undefined {
  const [address, second] = [...addressesIn(lines)].filter((one) => !shared.has(one));
  return second === undefined ? address : undefined;
}

/** Addresses that all speak of are no one's own. */
function sharedAddresses(told: readonly { readonly lines: readonly string[] }[]): Set<string> {
  const [first, ...rest] = told.map(({ lines }) => addressesIn(lines)).filter((addresses) => addresses.size > 0);
  return new Set([...(first ?? [])].filter((address) => rest.every((addresses) => addresses.has(address))));
}

function addressesIn(lines: readonly string[]): Set<string> {
  return new Set(lines.flatMap((line) => line.match(/(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)/g) ?? []));
}

function equal(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((line, index) => line === other[index]);
}
