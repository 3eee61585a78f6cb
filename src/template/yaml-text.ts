import { Document, isCollection, isMap, isScalar, parseAllDocuments, visit } from 'yaml';
import { checkSize } from './budget.ts';
import { copy } from './dict-methods.ts';
import { type Dict, isMapping, setKey } from './kinds.ts';
import { Float } from './numbers.ts';
import { known } from './undefined.ts';
import { isLazyMap, TemplateError } from './values.ts';

/** Booleans and octals as YAML 1.1, which PyYAML reads, has them; all else is YAML 1.2's core schema. */
const customTags = [
  {
    tag: 'tag:yaml.org,2002:bool',
    default: true as const,
    test: /^(?:yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|true|True|TRUE|false|False|FALSE)$/,
    resolve: (text: string) => /^(?:yes|on|true)$/i.test(text),
  },
  {
    tag: 'tag:yaml.org,2002:int',
    default: true as const,
    test: /^[-+]?0[0-7]+$/,
    resolve: (text: string) => Number.parseInt(text, 8),
  },
];

/** All documents of a YAML text. Throws TemplateError with the parser's words. */
export function readYaml(text: string): unknown[] {
  checkSize(text.length);
  const documents = parseAllDocuments(text, { merge: true, customTags: (tags) => [...customTags, ...tags] });
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new TemplateError(`not valid YAML: ${error.message}`);
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  });
}

export interface YamlStyle {
  readonly indent: number;
  readonly sortKeys: boolean;
  /** Columns after which long texts are folded. */
  readonly width: number;
  /** Lists and maps of plain values on one line, as PyYAML's default does. */
  readonly flowLeaves: boolean;
}

/** YAML laid out as PyYAML's dumper does it. */
export function yamlText(value: unknown, style: YamlStyle): string {
  const document = new Document(toPlain(value), {
    version: '1.1',
    merge: false,
    aliasDuplicateObjects: false,
    sortMapEntries: style.sortKeys,
  });
  visit(document, {
    Collection: (_key, node) => {
      const items = isMap(node) ? node.items.map((pair) => pair.value) : node.items;
      const isLeaf = items.every((item) => !isCollection(item));
      if (node.items.length === 0 || (style.flowLeaves && isLeaf)) node.flow = true;
    },
    Scalar: (_key, node) => {
      if (isScalar(node) && typeof node.value === 'string' && node.value.includes('\n')) node.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({
    indent: style.indent,
    indentSeq: false,
    singleQuote: true,
    flowCollectionPadding: false,
    lineWidth: style.width,
    nullStr: 'null',
  });
}

/** Lazy maps computed, floats as numbers; unknown and undefined values end the evaluation. */
function toPlain(input: unknown): unknown {
  const value = known(input);
  if (value instanceof Float) return value.value;
  if (Array.isArray(value)) return value.map(toPlain);
  if (!isMapping(value)) return value;
  const plain: Dict = {};
  for (const [key, item] of Object.entries(isLazyMap(value) ? copy(value) : value)) setKey(plain, key, toPlain(item));
  return plain;
}
