import type { Diagnostic } from '../errors/diagnostic.ts';
import { InputError } from '../errors/errors.ts';
import type { VarLayer } from '../inventory/contract.ts';
import { type Input, loadInput } from '../playbook/load-input.ts';
import type { PlaybookText } from '../playbook/playbook.ts';
import { parseExtraVars } from './extra-vars.ts';
import { shippedIfMissing } from './package-files.ts';
import { unlockVaults, type VaultFlags } from './vault-passwords.ts';

export interface LoadedInput extends Input {
  readonly sources: readonly string[];
  readonly extraVars: VarLayer;
}

/** Everything that the flags name, loaded and checked. Throws one InputError with the mistakes of all of it. */
export async function loadAll(
  flags: VaultFlags & {
    readonly inventory: readonly string[];
    readonly playbooks: readonly string[];
    readonly extraVars: readonly string[];
    readonly texts?: readonly PlaybookText[];
  },
): Promise<LoadedInput> {
  await unlockVaults(flags);
  const sources = inventorySources(flags.inventory);
  const mistakes: Diagnostic[] = [];
  const extraVars = await keepMistakes(mistakes, async () => parseExtraVars(flags.extraVars));
  const layer = extraVars ?? { origin: 'extra vars', vars: {} };
  const input = await keepMistakes(mistakes, () =>
    loadInput(sources, flags.playbooks.map(shippedIfMissing), layer, flags.texts),
  );
  if (input === undefined || extraVars === undefined) throw new InputError(mistakes);
  return { ...input, sources, extraVars };
}

/** `-i`, or `inventory` when there is none. */
export function inventorySources(given: readonly string[]): string[] {
  return (given.length === 0 ? ['inventory'] : given).map(shippedIfMissing);
}

async function keepMistakes<T>(mistakes: Diagnostic[], load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    mistakes.push(...error.diagnostics);
    return undefined;
  }
}
