import { existsSync } from 'node:fs';
import type { Span } from '../errors/diagnostic.ts';
import { InputError } from '../errors/errors.ts';
import type { VarLayer } from '../inventory/contract.ts';
import { spanOf } from '../source/positions.ts';
import { isTemplate } from './coerce.ts';
import type { VarsFile } from './contract.ts';
import { joinMaps } from './copy-places.ts';
import { texts } from './inherited.ts';
import type { Loading } from './loading.ts';
import { checkNames } from './names.ts';
import { patternOf, possibleFiles } from './possible-files.ts';
import { placesOf } from './template-files.ts';

/** The entries of `vars_files`: names, or lists of names of which the first that is there counts. */
export function readVarsFiles(value: unknown, map: object, loading: Loading): VarsFile[] {
  const source: unknown = (map as { vars_files?: unknown }).vars_files;
  return (Array.isArray(value) ? value : value === undefined ? [] : [value]).flatMap((entry: unknown, index) => {
    const span = Array.isArray(source) ? spanOf(source, index) : spanOf(map, 'vars_files');
    const names = texts(entry);
    if (names.length === 0) return [];
    return names.some(isTemplate) ? [forLater(names, span, loading)] : known(names, span, loading);
  });
}

/** Without templates it is the same for all hosts, and must be there. */
function known(names: readonly string[], span: Span | undefined, loading: Loading): VarsFile[] {
  const places = names.flatMap((name) => placesIn(name, loading));
  const file = places.find((place) => existsSync(place));
  if (file === undefined) {
    const message = `there is no vars file ${names.join(' or ')}`;
    loading.findings.error('missing-file', message, span, `looked for ${places.join(' and ')}`);
    return [];
  }
  const layer = layerOf(file, span, loading);
  return [{ names: [], load: () => layer, candidates: layer === undefined ? [] : [layer], isForeseen: true }];
}

/** Its name is known host by host when tasks run. */
function forLater(names: readonly string[], span: Span | undefined, loading: Loading): VarsFile {
  const possible = names.flatMap((name) => placesIn(patternOf(name), loading).flatMap(possibleFiles));
  const read = [...new Set(possible)].map((file) => readLater(file, span, loading));
  return {
    names,
    load: (rendered) => {
      const file = rendered.flatMap((name) => placesIn(name, loading)).find((place) => existsSync(place));
      if (file === undefined) return undefined;
      const { layer, errors } = readLater(file, span, loading);
      if (errors.length > 0) throw new InputError(errors);
      return layer ?? { origin: `vars_files ${file}`, vars: {} };
    },
    candidates: read.flatMap(({ layer }) => layer ?? []),
    isForeseen: read.length > 0 && read.every(({ errors }) => errors.length === 0),
  };
}

/** With mistakes of its own: a file that only looks as if it were meant is none of the playbook's. */
function readLater(file: string, span: Span | undefined, loading: Loading) {
  const afresh = loading.afresh();
  const layer = layerOf(file, span, afresh);
  return { layer, errors: afresh.findings.diagnostics.filter(({ severity }) => severity === 'error') };
}

function placesIn(name: string, loading: Loading): readonly string[] {
  return placesOf(name, 'vars', [loading.dir]);
}

/** A map, or a list of maps of which the later win. Undefined: it holds nothing, or neither, which is a finding. */
function layerOf(file: string, span: Span | undefined, loading: Loading): VarLayer | undefined {
  const held = loading.read(file, span);
  if (held === null || held === undefined) return undefined;
  const maps: readonly unknown[] = Array.isArray(held) ? held : [held];
  const wrong = maps.findIndex((map) => !isMap(map));
  if (wrong >= 0) {
    const place = spanOf(maps[wrong]) ?? (Array.isArray(held) ? spanOf(held, wrong) : undefined) ?? span;
    loading.findings.error('wrong-type', `${file} must hold a map of variables, or a list of such maps`, place);
    return undefined;
  }
  const own = maps.filter(isMap);
  for (const map of own) checkNames(map, 'vars', loading.findings);
  const vars = own.reduce((below, above) => joinMaps(below, above), {});
  return { origin: `vars_files ${file}`, vars: own.length === 1 ? (own[0] ?? vars) : vars };
}

function isMap(value: unknown): value is VarLayer['vars'] {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
