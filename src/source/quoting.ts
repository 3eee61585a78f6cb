/** A line whose value YAML reads as something else because it is not quoted, and the line as it should be. */
export interface Repair {
  readonly line: string;
  readonly column: number;
  readonly endColumn: number;
  readonly code: 'unquoted-template' | 'unquoted-colon';
  readonly message: string;
  readonly hint: string;
}

const entry = /^(?<head>\s*(?:- +)*(?:[\w.-]+|"[^"]*"|'[^']*') *: +|\s*(?:- +)+)(?<value>\S.*?)(?<tail>\s*|\s+#.*)$/;

/** The repair for `key: {{ x }}` (a map, to YAML) and `key: text: more`; `undefined` when the line is of neither kind. */
export function repairLine(line: string): Repair | undefined {
  const { head, value, tail } = entry.exec(line.replace(/\r$/, ''))?.groups ?? {};
  if (head === undefined || value === undefined) return undefined;
  const kind = kindOf(value);
  if (kind === undefined) return undefined;
  const fixed = `${head}${quoted(value)}${tail ?? ''}`;
  return {
    line: fixed,
    column: head.length + 1,
    endColumn: head.length + value.length + 1,
    code: kind,
    message:
      kind === 'unquoted-template'
        ? 'YAML reads an unquoted {{ … }} as a map'
        : 'YAML reads the ": " in an unquoted value as a map',
    hint: `quote the ${kind === 'unquoted-template' ? 'template' : 'value'}: ${fixed.trim()}`,
  };
}

function kindOf(value: string): Repair['code'] | undefined {
  if (value.startsWith('{{')) return 'unquoted-template';
  if (/^["'|>&*!{[#]/.test(value)) return undefined;
  return /:(\s|$)/.test(value) ? 'unquoted-colon' : undefined;
}

function quoted(value: string): string {
  return /["\\]/.test(value) ? `'${value.replaceAll("'", "''")}'` : `"${value}"`;
}
