import { sanitizeLine } from './sanitize.ts';
import type { Outcome } from './task-board.ts';
import { everyHost } from './words.ts';

const longestItem = 60;
const mostItems = 12;

/** `h1 h2 (a, b)  h3 (a)`: hosts, those with the same items together. `all`: the hosts of the task, when all may be called so. */
export function whoText(members: readonly Outcome[], all: readonly string[], most: number): string {
  const itemsOf = new Map<string, string[]>();
  for (const member of members) {
    const items = itemsOf.get(nameOf(member)) ?? [];
    if (member.item !== undefined) items.push(itemText(member.item));
    itemsOf.set(nameOf(member), items);
  }
  const hostsOf = new Map<string, string[]>();
  for (const [host, items] of itemsOf) {
    const text = itemList(items);
    hostsOf.set(text, [...(hostsOf.get(text) ?? []), host]);
  }
  return [...hostsOf]
    .map(([items, hosts]) => {
      const names = everyHost(hosts, all, most);
      return sanitizeLine(items === '' ? names : `${names} (${items})`);
    })
    .join('  ');
}

function nameOf({ host, delegatedTo }: Outcome): string {
  return delegatedTo === undefined || delegatedTo === host ? host : `${host} -> ${delegatedTo}`;
}

function itemText(item: string): string {
  return item.length > longestItem ? `${item.slice(0, longestItem)}…` : item;
}

function itemList(items: readonly string[]): string {
  if (items.length <= mostItems) return items.join(', ');
  return `${items.slice(0, mostItems - 2).join(', ')} … ${items.length} items`;
}
