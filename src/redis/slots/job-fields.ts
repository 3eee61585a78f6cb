import type { RespValue } from '../node/contract.ts';
import { mergeRanges, type SlotRange } from './slots.ts';

/** A map is names and values in turn in RESP2. */
export function fieldsOf(entry: RespValue): Map<string, string> {
  const fields = new Map<string, string>();
  if (!Array.isArray(entry)) return fields;
  for (let index = 0; index + 1 < entry.length; index += 2) fields.set(String(entry[index]), String(entry[index + 1]));
  return fields;
}

/** `0-9 20-20` */
export function parseRanges(text: string): SlotRange[] {
  const words = text.split(' ').filter((word) => word !== '');
  return mergeRanges(
    words.map((word): SlotRange => {
      const [first = '', last = first] = word.split('-');
      return [Number(first), Number(last)];
    }),
  );
}
