import { formatSpan } from '../errors/diagnostic.ts';
import type { VarLayer } from '../inventory/contract.ts';
import { keySpanOf } from '../source/positions.ts';
import { UnsafeText } from '../template/values.ts';
import { mask } from './terminal.ts';

const secretName = /(password|passwd|_pass|secret|token|passphrase)$/i;

/** One definition of a variable. */
export interface Definition {
  readonly origin: string;
  /** `file:line:column`, where it is known. */
  readonly path: string | undefined;
  readonly value: unknown;
}

/** All definitions by name, each list lowest first: the last one wins. */
export function definitionsOf(layers: readonly VarLayer[]): Map<string, Definition[]> {
  const all = new Map<string, Definition[]>();
  for (const { origin, vars } of layers) {
    for (const [name, value] of Object.entries(vars)) {
      const span = keySpanOf(vars, name);
      const path = span === undefined ? undefined : formatSpan(span);
      all.set(name, [...(all.get(name) ?? []), { origin, path, value: shownValue(name, value) }]);
    }
  }
  return all;
}

/** A value as it may be shown: what a name calls a secret is hidden here and everywhere else in the output. */
function shownValue(name: string, value: unknown): unknown {
  if (secretName.test(name) && (typeof value === 'string' || typeof value === 'number')) {
    const text = String(value);
    if (!text.includes('{{')) mask.add(text);
  }
  return mask.value(JSON.parse(JSON.stringify(value ?? null, plainValue)));
}

function plainValue(key: string, value: unknown): unknown {
  if (value instanceof UnsafeText) return value.text;
  return key !== '' && (typeof value === 'string' || typeof value === 'number') ? shownValueOfKey(key, value) : value;
}

function shownValueOfKey(key: string, value: string | number): string | number {
  if (secretName.test(key) && !String(value).includes('{{')) mask.add(String(value));
  return value;
}
