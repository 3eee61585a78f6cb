/** A place in a source file. Lines and columns count from 1; `endColumn` is one past the last character. */
export interface Span {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** One finding about the user's input. `code` is stable (kebab-case), `message` one sentence, `hint` what to do next. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly span?: Span | undefined;
  readonly hint?: string | undefined;
}

/** `file:line:column`, the form that terminals and editors turn into a link. */
export function formatSpan(span: Span): string {
  return `${span.file}:${span.line}:${span.column}`;
}
