import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import type { Diagnostic, Span } from '../errors/diagnostic.ts';
import { isBooleanWord } from '../template/source-text.ts';
import { keySpanOf, recordPlaces, recordSourceText, sourceText, spanOf } from './positions.ts';
import type { Spans } from './yaml-spans.ts';

const DEEPEST = 100;
/** Values that aliases may multiply a document to; a playbook of 10,000 tasks has about 100,000. */
const MOST_VALUES = 1_000_000;
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** Turns one parsed document into plain values and records where each came from. */
export class YamlValues {
  readonly diagnostics: Diagnostic[] = [];
  readonly #document: Document.Parsed;
  readonly #spans: Spans;
  readonly #text: string;
  readonly #anchors = new Map<Node, { value: unknown; size: number }>();
  #size = 0;

  constructor(document: Document.Parsed, spans: Spans, text: string) {
    this.#document = document;
    this.#spans = spans;
    this.#text = text;
  }

  read(): unknown {
    return this.#value(this.#document.contents, 0);
  }

  #value(node: unknown, depth: number): unknown {
    this.#size++;
    if (depth > DEEPEST) {
      if (depth === DEEPEST + 1) this.#error('too-deep', `nested more than ${DEEPEST} levels deep`, node);
      return null;
    }
    if (isAlias(node)) return this.#alias(node);
    const before = this.#size;
    const value = isMap(node)
      ? this.#map(node, depth)
      : isSeq(node)
        ? this.#sequence(node, depth)
        : isScalar(node)
          ? this.#scalar(node)
          : null;
    if (isMap(node) || isSeq(node) || isScalar(node)) {
      if (node.anchor) this.#anchors.set(node, { value, size: this.#size - before });
    }
    return value;
  }

  /** Aliases share the value; what they would multiply to is counted, since whoever walks it walks it all. */
  #alias(node: Node): unknown {
    const target = isAlias(node) ? node.resolve(this.#document) : undefined;
    const known = target && this.#anchors.get(target);
    if (!known) {
      this.#error('bad-alias', 'this alias names nothing that stands before it', node);
      return null;
    }
    this.#size += known.size;
    if (this.#size <= MOST_VALUES) return known.value;
    this.#error('alias-bomb', `aliases multiply this document to more than ${MOST_VALUES} values`, node);
    this.#size = 0;
    return null;
  }

  #scalar(node: Scalar): unknown {
    const { value, source, type } = node;
    if (typeof value === 'number' && type === Scalar.PLAIN && source !== undefined && /^[-+]?0[0-7]+$/.test(source)) {
      return Number.parseInt(source, 8);
    }
    return value === undefined ? null : value;
  }

  #sequence(node: YAMLSeq, depth: number): unknown[] {
    const list: unknown[] = [];
    const spans = new Map<number, Span>();
    for (const [index, item] of node.items.entries()) {
      list.push(this.#value(item, depth + 1));
      spans.set(index, this.#spanOf(item) ?? this.#nodeSpan(node));
      if (isScalar(item)) this.#keepSource(list, index, item);
    }
    recordPlaces(list, this.#nodeSpan(node), new Map(), spans);
    return list;
  }

  #map(node: YAMLMap, depth: number): Record<string, unknown> | null {
    if (this.#isBareTemplate(node)) return null;
    const merged: Record<string, unknown>[] = [];
    const own: Record<string, unknown> = {};
    const keys = new Map<string, Span>();
    const values = new Map<string, Span>();
    for (const pair of node.items as Pair[]) {
      if (isMergeKey(pair.key)) {
        merged.push(...this.#mergeSources(pair, depth));
        continue;
      }
      const key = this.#key(pair.key);
      if (key === undefined || this.#isDuplicate(key, pair.key, keys)) continue;
      own[key] = this.#value(pair.value, depth + 1);
      const keySpan = this.#spanOf(pair.key) ?? this.#nodeSpan(node);
      keys.set(key, keySpan);
      values.set(key, this.#spanOf(pair.value) ?? keySpan);
      if (isScalar(pair.value)) this.#keepSource(own, key, pair.value);
    }
    // What the map says itself wins, then the earlier of several merged maps; entries keep the places that they came from.
    for (const [from, key] of merged.flatMap((one) => Object.keys(one).map((name) => [one, name] as const))) {
      if (Object.hasOwn(own, key)) continue;
      own[key] = from[key];
      const [keySpan, valueSpan, text] = [keySpanOf(from, key), spanOf(from, key), sourceText(from, key)];
      if (keySpan) keys.set(key, keySpan);
      if (valueSpan) values.set(key, valueSpan);
      if (text !== undefined) recordSourceText(own, key, text);
    }
    recordPlaces(own, this.#nodeSpan(node), keys, values);
    return own;
  }

  #mergeSources(pair: Pair, depth: number): Record<string, unknown>[] {
    const source = this.#value(pair.value, depth + 1);
    const sources = Array.isArray(source) ? source : [source];
    const maps = sources.filter(
      (one): one is Record<string, unknown> => typeof one === 'object' && one !== null && !Array.isArray(one),
    );
    if (maps.length !== sources.length)
      this.#error('bad-merge', '`<<` takes a map or a list of maps', pair.value ?? pair.key);
    return maps;
  }

  #key(node: unknown): string | undefined {
    const value = isScalar(node) ? node.value : undefined;
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      this.#error('bad-key', 'a key must be a text', node);
      return undefined;
    }
    const key = isScalar(node) && node.source !== undefined && typeof value !== 'string' ? node.source : String(value);
    if (!FORBIDDEN_KEYS.has(key)) return key;
    this.#error('forbidden-key', `'${key}' cannot be a key`, node);
    return undefined;
  }

  #isDuplicate(key: string, node: unknown, seen: ReadonlyMap<string, Span>): boolean {
    const first = seen.get(key);
    if (first === undefined) return false;
    const hint = `remove one of them: the first is in line ${first.line}`;
    this.#error('duplicate-key', `the key '${key}' stands here twice`, node, hint);
    return true;
  }

  /** `a: {{ b }}` is a map within a map to YAML. */
  #isBareTemplate(node: YAMLMap): boolean {
    const [pair] = node.items;
    if (!node.flow || node.items.length !== 1 || !pair || !isMap(pair.key) || !pair.key.flow) return false;
    const range = node.range ?? [0, 0, 0];
    const text = this.#text.slice(range[0], range[1]).trim();
    this.#error('unquoted-template', 'YAML reads an unquoted {{ … }} as a map', node, `quote the template: "${text}"`);
    return true;
  }

  #keepSource(container: object, key: string | number, node: Scalar): void {
    const { value, source, type } = node;
    const isWord = typeof value === 'string' && type === Scalar.PLAIN && isBooleanWord(value);
    if (isWord || (typeof value === 'number' && source !== undefined))
      recordSourceText(container, key, source ?? String(value));
  }

  #error(code: string, message: string, node: unknown, hint?: string): void {
    const span = this.#spanOf(node) ?? this.#spans.at(0, 1);
    this.diagnostics.push({ severity: 'error', code, message, span, hint });
  }

  #nodeSpan(node: Node): Span {
    return this.#spanOf(node) ?? this.#spans.at(0, 0);
  }

  #spanOf(node: unknown): Span | undefined {
    if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined;
    const [start, end] = node.range as [number, number];
    return this.#spans.at(start, trimmedEnd(this.#text, start, end));
  }
}

/** A block map's range runs to the next token: the white space before that is not part of it. */
function trimmedEnd(text: string, start: number, end: number): number {
  let last = end;
  while (last > start && /\s/.test(text[last - 1] ?? '')) last--;
  return last;
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.source === '<<' && (key.type === Scalar.PLAIN || key.type === undefined);
}
