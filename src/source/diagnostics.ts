import { type Diagnostic, formatSpan, type Span } from '../errors/diagnostic.ts';
import { withoutSecrets } from './secret-lines.ts';
import { linesOf } from './texts.ts';

const CONTEXT_LINES = 2;

/** `file:line:column: error[code]: message`, the lines around it with the place underlined, and what to do next. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { severity, code, message, span, hint } = diagnostic;
  const head = `${span ? `${formatSpan(span)}: ` : ''}${severity}[${code}]: ${message}`;
  const frame = span ? codeFrame(span) : [];
  return [head, ...frame, ...(hint ? [`  = help: ${hint}`] : [])].join('\n');
}

function codeFrame(span: Span): string[] {
  const lines = linesOf(span.file);
  if (!lines || span.line > lines.length) return [];
  const first = Math.max(1, span.line - CONTEXT_LINES);
  const last = Math.min(lines.length, span.line + CONTEXT_LINES);
  const width = String(last).length;
  const frame: string[] = [];
  for (let number = first; number <= last; number++) {
    const text = lines[number - 1] ?? '';
    if (number !== span.line && text.trim() === '' && (number === first || number === last)) continue;
    frame.push(`  ${String(number).padStart(width)} | ${withoutSecrets(text)}`.trimEnd());
    if (number === span.line) frame.push(`  ${' '.repeat(width)} | ${underline(text, span)}`);
  }
  return frame;
}

/** Tabs stay tabs, so that the carets stand under the text however wide a tab is shown. */
function underline(text: string, span: Span): string {
  const indent = text.slice(0, span.column - 1).replace(/[^\t]/g, ' ');
  const end = span.endLine === span.line ? span.endColumn : text.length + 1;
  return indent + '^'.repeat(Math.max(1, end - span.column));
}
