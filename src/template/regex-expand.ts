import { TemplateError } from './values.ts';

const controls: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  f: '\f',
  v: '\v',
  a: '\x07',
  b: '\b',
  '\\': '\\',
};

/** Python's replacement templates: `\1`, `\g<1>`, `\g<name>`, `\n`. */
export function expander(template: string): (match: RegExpExecArray) => string {
  if (!template.includes('\\')) return () => template;
  return (match) =>
    template.replace(/\\(?:g<(\w+)>|(\d{1,2})|([\s\S]))/g, (all, named?: string, digits?: string, other?: string) => {
      const group = named ?? digits;
      if (group !== undefined) return groupOf(match, group);
      return controls[other ?? ''] ?? all;
    });
}

export function groupOf(match: RegExpExecArray, group: string): string {
  if (!/^\d+$/.test(group)) {
    if (match.groups === undefined || !(group in match.groups))
      throw new TemplateError(`the pattern has no group '${group}'`);
    return match.groups[group] ?? '';
  }
  if (Number(group) >= match.length) throw new TemplateError(`the pattern has no group ${group}`);
  return match[Number(group)] ?? '';
}
