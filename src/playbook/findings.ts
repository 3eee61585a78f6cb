import type { Diagnostic, Span } from '../errors/diagnostic.ts';

/** Collects what is wrong with the input, so that all of it is told at once. */
export class Findings {
  readonly diagnostics: Diagnostic[] = [];

  /** Lines whose value YAML could not give: what follows from the gap is no finding of its own. */
  private readonly gaps = new Set<string>();

  error(code: string, message: string, span: Span | undefined, hint?: string | undefined): void {
    this.add([{ severity: 'error', code, message, span, hint }]);
  }

  add(diagnostics: Iterable<Diagnostic>): void {
    for (const diagnostic of diagnostics) {
      const { span, code } = diagnostic;
      const line = span === undefined ? undefined : `${span.file}:${span.line}`;
      if (line !== undefined && this.gaps.has(line)) continue;
      if (line !== undefined && code === 'unquoted-template') this.gaps.add(line);
      this.diagnostics.push(diagnostic);
    }
  }

  /** In the order of files and lines, each finding once. */
  sorted(): Diagnostic[] {
    const seen = new Set<string>();
    return this.diagnostics
      .filter((diagnostic) => {
        const key = JSON.stringify(diagnostic);
        return !seen.has(key) && seen.add(key);
      })
      .sort((one, other) => compare(one.span, other.span));
  }
}

function compare(one: Span | undefined, other: Span | undefined): number {
  if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined);
  if (one.file !== other.file) return one.file < other.file ? -1 : 1;
  return one.line - other.line || one.column - other.column;
}
