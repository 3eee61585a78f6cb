import { Document, parseAllDocuments, type ScalarTag, type Tags } from 'yaml';
import { checkSize, spend } from './budget.ts';
import { entries } from './dict-methods.ts';
import { isMapping } from './kinds.ts';
import { Float, floatText, isFloat } from './numbers.ts';
import { known } from './undefined.ts';
import { TemplateError } from './values.ts';

/** What YAML 1.1, which PyYAML reads, takes as booleans and octals; all else is YAML 1.2's core schema. */
const olderForms: ScalarTag[] = [
  {
    tag: 'tag:yaml.org,2002:bool',
    default: true,
    test: /^(?:yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF|true|True|TRUE|false|False|FALSE)$/,
    resolve: (text: string) => /^(?:yes|on|true)$/i.test(text),
  },
  {
    tag: 'tag:yaml.org,2002:int',
    default: true,
    test: /^[-+]?0[0-7]+$/,
    resolve: (text: string) => Number.parseInt(text, 8),
  },
];

/** Texts that a YAML 1.1 reader would take for a number to base 60 or a date are quoted. */
const quotedForms: ScalarTag[] = [/^[-+]?\d+(?::[0-5]?\d)+(?:\.\d*)?$/, /^\d{4}-\d\d?-\d\d?(?:[Tt ].*)?$/, /^=$/].map(
  (test) => ({
    tag: 'tag:yaml.org,2002:older',
    default: true,
    test,
    resolve: (text: string) => text,
  }),
);

const withTags = (extra: ScalarTag[]) => ({ merge: true, customTags: (tags: Tags) => [...extra, ...tags] });

/** All documents of a YAML text. Throws TemplateError with the parser's words. */
export function readYaml(text: string): unknown[] {
  checkSize(text.length);
  const documents = parseAllDocuments(text, withTags(olderForms));
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new TemplateError(`not valid YAML: ${error.message}`);
    return document.toJS({ maxAliasCount: 100 }) as unknown;
  });
}

export interface YamlStyle {
  /** Columns per level. */
  readonly indent: number;
  readonly sortKeys: boolean;
  /** Lists and maps that hold only plain values go on one line, as PyYAML does unless told otherwise. */
  readonly flowLeaves: boolean;
}

/** YAML laid out as PyYAML's dumper does it, but for long lines, which are not folded. */
export function yamlText(value: unknown, style: YamlStyle): string {
  const lines = block(known(value), style, '');
  const text = `${lines.join('\n')}\n`;
  checkSize(text.length);
  return text;
}

/** The lines of a value; the first one has no margin, so that it can follow a dash. */
function block(value: unknown, style: YamlStyle, margin: string): string[] {
  if (isInline(value, style)) return [inline(value, style)];
  const deeper = margin + ' '.repeat(style.indent);
  if (Array.isArray(value)) {
    spend(value.length);
    const dash = `-${' '.repeat(Math.max(1, style.indent - 1))}`;
    return value.flatMap((item: unknown, index) => {
      const [first = '', ...rest] = block(known(item), style, deeper);
      const start = isInline(known(item), style) ? '- ' : dash;
      return [(index === 0 ? '' : margin) + start + first, ...rest];
    });
  }
  return entriesOf(value, style).flatMap(([key, held], index) => {
    const item = known(held);
    const start = `${index === 0 ? '' : margin}${scalar(key)}:`;
    if (isInline(item, style)) return [`${start} ${inline(item, style)}`];
    const inner = Array.isArray(item) ? margin : deeper;
    const [first = '', ...rest] = block(item, style, inner);
    return [start, inner + first, ...rest];
  });
}

function entriesOf(value: unknown, style: YamlStyle): (readonly [string, unknown])[] {
  if (!isMapping(value)) throw new TemplateError('only plain values can be written as YAML');
  const all = entries(value);
  return style.sortKeys ? all.sort(([a], [b]) => (a < b ? -1 : 1)) : all;
}

function isContainer(value: unknown): boolean {
  return Array.isArray(value) || isMapping(value);
}

function isInline(value: unknown, style: YamlStyle): boolean {
  if (!isContainer(value)) return true;
  const items: unknown[] = Array.isArray(value) ? value : entriesOf(value, style).map(([, item]) => item);
  return items.length === 0 || (style.flowLeaves && !items.some(isContainer));
}

function inline(value: unknown, style: YamlStyle): string {
  if (Array.isArray(value)) return `[${value.map((item) => flowScalar(known(item))).join(', ')}]`;
  if (!isMapping(value)) return scalar(value);
  return `{${entriesOf(value, style)
    .map(([key, item]) => `${flowScalar(key)}: ${flowScalar(known(item))}`)
    .join(', ')}}`;
}

/** Within brackets, commas and brackets must be quoted. */
function flowScalar(value: unknown): string {
  return typeof value === 'string' && /[,[\]{}]/.test(value) && !unusual.test(value)
    ? `'${value.replaceAll("'", "''")}'`
    : scalar(value);
}

/** Line ends, control characters and spaces that a reader of YAML might take for something else. */
const unusual = /[^\S ]|\p{C}/u;

function doubleQuoted(text: string): string {
  return JSON.stringify(text).replace(/[^\S ]|\p{C}/gu, (character) =>
    [...Array(character.length).keys()]
      .map((at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

function scalar(value: unknown): string {
  if (value instanceof Float) return floatText(value.value);
  if (typeof value === 'number' && isFloat(value))
    return Number.isFinite(value) ? floatText(value) : yamlInfinity(value);
  if (typeof value === 'string' && unusual.test(value)) return doubleQuoted(value);
  const document = new Document(value, withTags([...olderForms, ...quotedForms]));
  return document.toString({ singleQuote: true, lineWidth: 0, nullStr: 'null' }).trimEnd();
}

function yamlInfinity(value: number): string {
  return Number.isNaN(value) ? '.nan' : value > 0 ? '.inf' : '-.inf';
}
