import { readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import type { Inventory } from './contract.ts';

/**
 * The hosts that a pattern (`hosts:`, `--limit`) names, in inventory order of first mention. Whatever the written order, plain
 * terms are joined first, then `&` terms intersect, then `!` terms are taken away (ansible-core `_evaluate_patterns`).
 */
export function selectHosts(inventory: Inventory, pattern: string): string[] {
  const terms = splitTerms(pattern).flatMap((term) => (term.startsWith('@') ? termsOfFile(term.slice(1)) : [term]));
  const plain = terms.filter((term) => !/^[&!]/.test(term));
  if (plain.length === 0 && (terms.length > 0 || pattern.trim() === '')) plain.push('all');
  let selected = new Set(plain.flatMap((term) => hostsOfTerm(inventory, term)));
  for (const term of terms.filter((one) => one.startsWith('&'))) {
    const kept = new Set(hostsOfTerm(inventory, term.slice(1)));
    selected = new Set([...selected].filter((host) => kept.has(host)));
  }
  for (const term of terms.filter((one) => one.startsWith('!'))) {
    for (const host of hostsOfTerm(inventory, term.slice(1))) selected.delete(host);
  }
  return [...selected];
}

/** Terms are parted by commas; by colons where there is no comma and the text is no IPv6 address. Empty ones are ignored. */
function splitTerms(pattern: string): string[] {
  const text = pattern.trim();
  const separator = text.includes(',') ? ',' : isAddress(text) ? undefined : ':';
  const parts = separator === undefined ? [text] : separator === ',' ? text.split(',') : splitAtColons(text);
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

function isAddress(text: string): boolean {
  // Node's own check compiles its expressions anew in each process, which takes 3 ms: names of groups hardly begin like an address.
  if (!/^\[?[\da-f]*:/i.test(text)) return false;
  return isIPv6(text) || isIPv6(text.replace(/^\[(.+)\](:\d+)?$/, '$1'));
}

/** Colons within brackets belong to a subscript, those of a regular expression to it. */
function splitAtColons(text: string): string[] {
  return text.startsWith('~') ? [text] : (text.match(/(?:[^:[\]]|\[[^\]]*\])+/g) ?? []);
}

function termsOfFile(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function hostsOfTerm(inventory: Inventory, term: string): string[] {
  if (term.startsWith('~')) return namedBy(inventory, new RegExp(`^(?:${term.slice(1)})`), true);
  const { base, subscript } = splitSubscript(term);
  const hosts = namedByGlob(inventory, base);
  return subscript ? subscript(hosts) : hosts;
}

/**
 * Groups first; hosts too when no group has the name, or the pattern can match several. A host that is named more than once counts
 * more than once for a subscript, as in ansible-core's `_enumerate_matches`.
 */
function namedByGlob(inventory: Inventory, glob: string): string[] {
  return namedBy(inventory, globExpression(glob), /[.?*[]/.test(glob), glob);
}

function namedBy(inventory: Inventory, expression: RegExp, many: boolean, exact?: string): string[] {
  const groups = [...inventory.groups.keys()].filter((name) => expression.test(name));
  const hosts = groups.flatMap((name) => groupHosts(inventory, name));
  if (groups.length > 0 && !many) return hosts;
  const named = [...inventory.hosts.keys()].filter((name) => expression.test(name));
  const implicit = hosts.length + named.length === 0 && exact !== undefined && isLocalName(exact) ? [exact] : [];
  return [...hosts, ...named, ...implicit];
}

function groupHosts(inventory: Inventory, name: string): readonly string[] & string[] {
  return [...(inventory.groups.get(name)?.hosts ?? [])];
}

/** `localhost` is there without being declared. */
function isLocalName(name: string): boolean {
  return name === 'localhost' || name === '127.0.0.1' || name === '::1';
}

function globExpression(glob: string): RegExp {
  const body = glob.replace(/\[!([^\]]+)\]|\[([^\]]+)\]|[\\^$+{}|().*?]/g, (match, not?: string, set?: string) => {
    if (not !== undefined) return `[^${not}]`;
    if (set !== undefined) return `[${set}]`;
    return match === '*' ? '.*' : match === '?' ? '.' : `\\${match}`;
  });
  return new RegExp(`^${body}$`);
}

/** `group[0]`, `[-1]`, `[0:2]` (both ends included), `[1:]`. Out of range gives nothing. */
function splitSubscript(term: string): { base: string; subscript?: (hosts: string[]) => string[] } {
  const match = /^(.+)\[(?:(-?\d+)|(\d*)([:-])(\d*))\]$/.exec(term);
  if (!match) return { base: term };
  const [, base = '', index, from, , to] = match;
  if (index !== undefined) {
    const at = Number(index);
    return { base, subscript: (hosts) => hosts.filter((_host, index) => index === (at < 0 ? hosts.length + at : at)) };
  }
  return { base, subscript: (hosts) => hosts.slice(from ? Number(from) : 0, to ? Number(to) + 1 : undefined) };
}
