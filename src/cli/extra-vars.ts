import type { Diagnostic, Span } from '../errors/diagnostic.ts';
import { InputError } from '../errors/errors.ts';
import type { VarLayer } from '../inventory/contract.ts';
import { keySpanOf, recordPlaces, recordSourceText, sourceText, spanOf } from '../source/positions.ts';
import { rememberText } from '../source/texts.ts';
import { loadYaml, parseYaml } from '../source/yaml-file.ts';

type Vars = Record<string, unknown>;

/** The values of `-e`, later ones winning: `k=v k="v w"`, a YAML or JSON map, or `@file`. Throws InputError with all mistakes. */
export function parseExtraVars(texts: readonly string[]): VarLayer {
  const diagnostics: Diagnostic[] = [];
  const maps = texts.map((text, index) => {
    const name = texts.length === 1 ? '--extra-vars' : `--extra-vars (${index + 1})`;
    return parseOne(text, name, diagnostics);
  });
  if (diagnostics.some(({ severity }) => severity === 'error')) throw new InputError(diagnostics);
  return { origin: 'extra vars', vars: join(maps) };
}

function parseOne(text: string, name: string, diagnostics: Diagnostic[]): Vars {
  if (!text.startsWith('@') && !looksLikeYaml(text)) return parseKeyValues(text, name, diagnostics);
  const { value, diagnostics: found, file } = text.startsWith('@') ? loadYaml(text.slice(1)) : parseYaml(text, name);
  diagnostics.push(...found);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Vars;
  if (value !== null && found.length === 0) {
    const span = spanOf(value) ?? wholeOf(file, text);
    diagnostics.push({ severity: 'error', code: 'wrong-type', message: 'extra variables must be a map', span, hint });
  }
  return {};
}

const hint = 'write -e name=value, -e \'{"name": "value"}\' or -e @file.yml';

function looksLikeYaml(text: string): boolean {
  return /^\s*[[{]/.test(text) || /^\s*["']?[\w.-]+["']?\s*:(\s|$)/.test(text);
}

/** Values are texts, as in Ansible; quotes hold spaces together. */
function parseKeyValues(text: string, file: string, diagnostics: Diagnostic[]): Vars {
  rememberText(file, text);
  const vars: Vars = {};
  const keys = new Map<string, Span>();
  const values = new Map<string, Span>();
  for (const match of text.matchAll(/(?:[^\s"']|"(?:[^"\\]|\\.)*"|'[^']*'|["'])+/g)) {
    const span = place(file, match.index, match[0].length);
    const [, key, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(match[0]) ?? [];
    if (key === undefined || value === undefined) {
      const message = `'${match[0]}' is not name=value`;
      diagnostics.push({ severity: 'error', code: 'extra-vars', message, span, hint });
      continue;
    }
    vars[key] = unquote(value);
    keys.set(key, place(file, match.index, key.length));
    values.set(key, place(file, match.index + key.length + 1, value.length));
  }
  recordPlaces(vars, wholeOf(file, text), keys, values);
  return vars;
}

function unquote(text: string): string {
  return text.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g, (_all, double?: string, single?: string) =>
    double === undefined ? (single ?? '') : double.replace(/\\(["\\])/g, '$1'),
  );
}

function join(maps: readonly Vars[]): Vars {
  const [only] = maps;
  if (maps.length === 1 && only !== undefined) return only;
  const all: Vars = {};
  const keys = new Map<string, Span>();
  const values = new Map<string, Span>();
  for (const map of maps) {
    for (const [key, value] of Object.entries(map)) {
      all[key] = value;
      const [keySpan, valueSpan, text] = [keySpanOf(map, key), spanOf(map, key), sourceText(map, key)];
      if (keySpan) keys.set(key, keySpan);
      if (valueSpan) values.set(key, valueSpan);
      if (text !== undefined) recordSourceText(all, key, text);
    }
  }
  recordPlaces(all, wholeOf('--extra-vars', ''), keys, values);
  return all;
}

function place(file: string, offset: number, length: number): Span {
  return { file, line: 1, column: offset + 1, endLine: 1, endColumn: offset + Math.max(1, length) + 1 };
}

function wholeOf(file: string, text: string): Span {
  return place(file, 0, text.length);
}
