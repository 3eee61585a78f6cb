import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ForeseenTemplate, foresee } from '../template/foreseen.ts';
import { type PlacesRecord, restorePlaces } from './places-record.ts';

/** A YAML file that the build has read (src/cli/prepare-shipped.ts), as JSON that is read in a tenth of the time. */
export interface PreparedYaml extends PlacesRecord {
  readonly value: unknown;
  readonly templates: readonly ForeseenTemplate[];
}

/** By what stands in the file: whoever changes one, or copies it, need not know of this. */
export function preparedName(text: string): string {
  return `${createHash('sha256').update(text).digest('hex').slice(0, 32)}.json`;
}

/** Beside the program's one file. Source that runs as it is has none. */
const directory = join(import.meta.dirname, 'prepared');
let names: ReadonlySet<string> | undefined;

/** The value of a YAML text that the build has prepared, with all its places; undefined for any other. */
export function preparedValue(text: string, file: string): { readonly value: unknown } | undefined {
  names ??= namesIn(directory);
  const name = names.size > 0 ? preparedName(text) : '';
  if (!names.has(name)) return undefined;
  return restore(JSON.parse(readFileSync(join(directory, name), 'utf8')) as PreparedYaml, file);
}

/** Listed once: an inventory may have a file of variables for each of a thousand hosts. */
function namesIn(place: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(place));
  } catch {
    return new Set();
  }
}

export function restore(prepared: PreparedYaml, file: string): { readonly value: unknown } {
  restorePlaces(prepared.value, file, prepared);
  foresee(prepared.templates);
  return { value: prepared.value };
}
