import type { Span } from '../errors/diagnostic.ts';
import { keySpanOf } from '../source/positions.ts';
import { isTemplate } from './coerce.ts';
import type { Findings } from './findings.ts';

/** Words of the expression language: a variable of that name could never be read. */
const reserved = new Set([
  'and',
  'or',
  'not',
  'in',
  'is',
  'if',
  'else',
  'true',
  'false',
  'none',
  'True',
  'False',
  'None',
]);

/** A name that becomes a variable must be one that expressions can read. */
export function checkName(name: string, what: string, span: Span | undefined, findings: Findings): void {
  if (isTemplate(name)) {
    findings.error('wrong-name', `${what}: a template cannot be a variable's name here`, span);
  } else if (!/^[A-Za-z_]\w*$/.test(name) || reserved.has(name)) {
    const hint =
      'names are letters, digits and underscores, not starting with a digit, and no words of the expression language';
    findings.error('wrong-name', `${what}: "${name}" cannot be a variable's name`, span, hint);
  }
}

export function checkNames(map: object, what: string, findings: Findings): void {
  for (const name of Object.keys(map)) checkName(name, what, keySpanOf(map, name), findings);
}
