import type { Span } from '../errors/diagnostic.ts';
import { didYouMean, nearest } from '../source/nearest.ts';
import { recordPlaces } from '../source/positions.ts';
import { readSourceText } from '../source/source-text.ts';
import type { InventoryBuilder } from './builder.ts';
import { iniValue, iniWords } from './ini-values.ts';
import { expandRange } from './ranges.ts';

type Section = { readonly group: string; readonly kind: 'hosts' | 'vars' | 'children' };

/** An inventory in Ansible's INI form: `[group]`, `[group:vars]`, `[group:children]`. */
export function readIniInventory(file: string, builder: InventoryBuilder): void {
  const text = readSourceText(file);
  let section: Section | undefined = { group: 'ungrouped', kind: 'hosts' };
  const children: { readonly name: string; readonly span: Span }[] = [];
  const known = new Set(builder.groups.keys());
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const content = line.trim();
    if (content === '' || /^[#;]/.test(content)) continue;
    const span = (start: number, end: number): Span => ({
      file,
      line: index + 1,
      column: start + 1,
      endLine: index + 1,
      endColumn: end + 1,
    });
    const whole = span(line.indexOf(content), line.indexOf(content) + content.length);
    if (content.startsWith('[')) {
      section = readSection(content, whole, builder);
      if (section !== undefined) known.add(section.group);
    } else if (section?.kind === 'hosts') readHost(section.group, line, span, builder);
    else if (section?.kind === 'children') {
      const name = withoutComment(content);
      children.push({ name, span: whole });
      builder.addChild(section.group, name, whole);
    } else if (section) readVariable(section.group, line, span, builder);
  }
  for (const { name, span } of children) {
    if (known.has(name)) continue;
    const hint = didYouMean(name, known) ?? `write a section [${name}], or take the line out`;
    builder.error('unknown-group', `no section makes a group '${name}'`, span, hint);
  }
}

function readSection(content: string, span: Span, builder: InventoryBuilder): Section | undefined {
  const match = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:[#;].*)?$/.exec(content);
  const [, group, kind = 'hosts'] = match ?? [];
  if (!group || !['hosts', 'vars', 'children'].includes(kind)) {
    const near = nearest(kind, ['vars', 'children']);
    builder.error(
      'bad-section',
      `'${content}' is not a section`,
      span,
      near ? `did you mean [${group}:${near}]?` : 'write [group], [group:vars] or [group:children]',
    );
    return undefined;
  }
  builder.group(group);
  return { group, kind: kind as Section['kind'] };
}

function readHost(
  group: string,
  line: string,
  span: (start: number, end: number) => Span,
  builder: InventoryBuilder,
): void {
  const [first, ...rest] = iniWords(line);
  if (!first) return;
  const names = expandRange(first.text);
  if (!names) {
    builder.error(
      'bad-range',
      `'${first.text}' is not a range of hosts`,
      span(first.start, first.end),
      'write web[01:10] or db[a:f]',
    );
    return;
  }
  const vars: Record<string, unknown> = {};
  const keys = new Map<string, Span>();
  for (const word of rest) {
    const equals = word.text.indexOf('=');
    if (equals < 1) {
      builder.error('bad-host-variable', `'${word.text}' is not name=value`, span(word.start, word.end));
      continue;
    }
    const key = word.text.slice(0, equals);
    vars[key] = iniValue(word.text.slice(equals + 1));
    keys.set(key, span(word.start, word.end));
  }
  recordPlaces(vars, span(0, line.length), keys, keys);
  for (const name of names)
    builder.addHost(group, name, rest.length > 0 ? { origin: `inventory host ${name}`, vars } : undefined);
}

function readVariable(
  group: string,
  line: string,
  span: (start: number, end: number) => Span,
  builder: InventoryBuilder,
): void {
  const equals = line.indexOf('=');
  const key = line.slice(0, equals).trim();
  if (equals < 1 || key === '') {
    builder.error('bad-variable', `'${line.trim()}' is not name=value`, span(0, line.length));
    return;
  }
  const vars = { [key]: iniValue(line.slice(equals + 1).trim()) };
  const place = span(line.indexOf(key), line.trimEnd().length);
  recordPlaces(vars, place, new Map([[key, place]]), new Map([[key, place]]));
  builder.group(group).vars.push({ origin: `inventory group ${group}`, vars });
}

function withoutComment(text: string): string {
  return text.replace(/\s+[#;].*$/, '');
}
