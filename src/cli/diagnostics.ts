import type { Diagnostic } from '../errors/diagnostic.ts';
import { sanitize } from '../report/sanitize.ts';
import { formatDiagnostic } from '../source/diagnostics.ts';
import { output } from './terminal.ts';

/** Diagnostics for people, each with its code frame, then how many there are. */
export function printDiagnostics(diagnostics: readonly Diagnostic[], conclusion = ''): void {
  for (const diagnostic of diagnostics) output.errorLine(`${sanitize(formatDiagnostic(diagnostic))}\n`);
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) output.errorLine(`${errors} error${errors === 1 ? '' : 's'}${conclusion}`);
}

/** `--strict`: what else would be a warning is a mistake. */
export function asMistakes(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.map((one) => ({ ...one, severity: 'error' }));
}
