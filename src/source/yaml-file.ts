import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type Document, LineCounter, parseAllDocuments, type ScalarTag, type YAMLError } from 'yaml';
import type { Diagnostic } from '../errors/diagnostic.ts';
import { UnsafeText } from '../template/values.ts';
import { hideValue, openVault, readMaybeVault } from '../vault/keyring.ts';
import { VaultError } from '../vault/vault-text.ts';
import { didYouMean } from './nearest.ts';
import { preparedValue } from './prepared-yaml.ts';
import { repairLine } from './quoting.ts';
import { starred, vaultDiagnostic } from './source-text.ts';
import { rememberText } from './texts.ts';
import { Spans } from './yaml-spans.ts';
import { YamlValues } from './yaml-values.ts';

/** A YAML source as plain values whose places are known (positions.ts). With errors, `documents` holds what could be read. */
export interface YamlFile {
  readonly file: string;
  readonly documents: readonly unknown[];
  /** The first document; null when the file is empty. */
  readonly value: unknown;
  readonly diagnostics: readonly Diagnostic[];
}

/** Text that is never rendered. */
const unsafeTag: ScalarTag = {
  tag: '!unsafe',
  identify: (value) => value instanceof UnsafeText,
  resolve: (text) => new UnsafeText(text),
};

/** Opened where it stands: a secret, and like Ansible's never rendered. */
const vaultTag: ScalarTag = {
  tag: '!vault',
  resolve(text, onError) {
    try {
      const value = openVault(text.trim()).toString('utf8');
      hideValue(value);
      return new UnsafeText(value);
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      onError(error.hint === undefined ? error.message : `${error.message}; ${error.hint}`);
      return null;
    }
  },
};

/** Read a YAML file. A file that cannot be read is a diagnostic too. */
export function loadYaml(file: string): YamlFile {
  try {
    const { bytes, wasVault } = readMaybeVault(file);
    const text = bytes.toString('utf8');
    return wasVault ? parseOpened(text, file) : (readPrepared(text, file) ?? parseYaml(text, file));
  } catch (error) {
    return { file, documents: [], value: null, diagnostics: [unreadable(file, error)] };
  }
}

function readPrepared(text: string, file: string): YamlFile | undefined {
  const prepared = preparedValue(text, file);
  if (prepared === undefined) return undefined;
  rememberText(file, text);
  return { file, documents: [prepared.value], value: prepared.value, diagnostics: [] };
}

/** A vault's content: what it says is hidden wherever it might be shown, also in the frames around mistakes. */
function parseOpened(text: string, file: string): YamlFile {
  const parsed = parseYaml(text, file);
  rememberText(file, starred(text));
  for (const value of parsed.documents) hideTexts(value);
  return { ...parsed, diagnostics: parsed.diagnostics.map(({ hint: _hint, ...diagnostic }) => diagnostic) };
}

function hideTexts(value: unknown): void {
  if (typeof value === 'number') hideValue(String(value));
  else if (value instanceof UnsafeText) hideValue(value.text);
  // A template is rendered before it is shown: what stands around its expressions stays.
  else if (typeof value === 'string') for (const part of value.split(/\{\{.*?\}\}|\{%.*?%\}/s)) hideValue(part.trim());
  else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) hideTexts(one);
}

function unreadable(file: string, error: unknown): Diagnostic {
  const span = { file, line: 1, column: 1, endLine: 1, endColumn: 1 };
  if (error instanceof VaultError) {
    return vaultDiagnostic(file, error);
  }
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const message = plainWords[code] ?? `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  const hint = code === 'ENOENT' ? didYouMean(basename(file), namesIn(dirname(file))) : undefined;
  return { severity: 'error', code: 'unreadable-file', message, span, ...(hint === undefined ? {} : { hint }) };
}

const plainWords: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'this is a directory, not a file',
  EACCES: 'this user may not read it',
};

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** YAML 1.2 core, with merge keys and the octal numbers of YAML 1.1 (`mode: 0644`), and nothing that could surprise. */
export function parseYaml(text: string, file: string): YamlFile {
  rememberText(file, text);
  const repairs: Diagnostic[] = [];
  let source = text;
  // Each round quotes the values that YAML misread, so that the rest of the file is judged as if they were right.
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const attempt = parseOnce(source, file);
    const repaired = quoteMisread(source, file, attempt.diagnostics, repairs);
    if (repaired === undefined) return { ...attempt, diagnostics: [...repairs, ...attempt.diagnostics] };
    source = repaired;
  }
  const attempt = parseOnce(source, file);
  return { ...attempt, diagnostics: [...repairs, ...attempt.diagnostics] };
}

/** YAML stops at its first error in a block, so that a file with many misread values needs several rounds. */
const MOST_ROUNDS = 50;

function parseOnce(text: string, file: string): YamlFile {
  const lineCounter = new LineCounter();
  const spans = new Spans(file, lineCounter);
  const diagnostics: Diagnostic[] = [];
  const values: unknown[] = [];
  for (const document of documentsOf(text, lineCounter)) {
    if (document === 'too-deep') {
      const message = 'the document is nested too deeply to be read';
      diagnostics.push({ severity: 'error', code: 'too-deep', message, span: spans.at(0, 1) });
      break;
    }
    for (const problem of [...document.errors, ...document.warnings]) diagnostics.push(problemOf(problem, spans, text));
    const reader = new YamlValues(document, spans, text);
    values.push(reader.read());
    diagnostics.push(...reader.diagnostics);
  }
  return { file, documents: values, value: values[0] ?? null, diagnostics };
}

function documentsOf(text: string, lineCounter: LineCounter): readonly (Document.Parsed | 'too-deep')[] {
  try {
    const customTags = [unsafeTag, vaultTag];
    const parsed = parseAllDocuments(text, {
      lineCounter,
      prettyErrors: false,
      uniqueKeys: false,
      customTags,
      logLevel: 'silent',
    });
    return Array.isArray(parsed) ? parsed : [];
  } catch (error) {
    // The library descends by recursion: tens of thousands of brackets exhaust the stack.
    if (error instanceof RangeError) return ['too-deep'];
    throw error;
  }
}

/** The text with its misread values quoted; undefined when no finding is of that kind. */
function quoteMisread(
  text: string,
  file: string,
  found: readonly Diagnostic[],
  repairs: Diagnostic[],
): string | undefined {
  const lines = text.split('\n');
  const suspects = found.filter(
    ({ code }) => code.startsWith('yaml-') || code === 'unquoted-template' || code === 'bad-key',
  );
  let repaired = false;
  for (const number of new Set(suspects.map(({ span }) => span?.line ?? 0))) {
    const repair = repairLine(lines[number - 1] ?? '');
    if (repair === undefined) continue;
    const span = { file, line: number, column: repair.column, endLine: number, endColumn: repair.endColumn };
    repairs.push({ severity: 'error', code: repair.code, message: repair.message, span, hint: repair.hint });
    lines[number - 1] = repair.line;
    repaired = true;
  }
  return repaired ? lines.join('\n') : undefined;
}

function problemOf(problem: YAMLError, spans: Spans, text: string): Diagnostic {
  const [start, end] = problem.pos;
  const span = spans.at(start, Math.max(end, start + 1));
  const code = `yaml-${problem.code.toLowerCase().replaceAll('_', '-')}`;
  const line = text.slice(text.lastIndexOf('\n', start - 1) + 1).split('\n')[0] ?? '';
  return { severity: 'error', code, message: problem.message, span, hint: quotingHint(line) };
}

/** Most YAML errors in playbooks are a template or a colon that wants quotes: show the line as it should be. */
function quotingHint(line: string): string | undefined {
  const match = /^(\s*(?:- )?[\w.-]+:\s+)(.*\S)\s*$/.exec(line);
  const [, key, value] = match ?? [];
  if (!key || !value || /^["'|>]/.test(value) || !(value.includes('{{') || value.includes(': '))) return undefined;
  return `quote the value: ${(key + JSON.stringify(value)).trim()}`;
}
