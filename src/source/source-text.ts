import type { Diagnostic } from '../errors/diagnostic.ts';
import { InputError } from '../errors/errors.ts';
import { readMaybeVault } from '../vault/keyring.ts';
import { VaultError } from '../vault/vault-text.ts';
import { rememberText } from './texts.ts';

/** A source's text. A vault is opened, and code frames show nothing of it. Throws InputError for one that cannot be opened. */
export function readSourceText(file: string): string {
  try {
    const { bytes, wasVault } = readMaybeVault(file);
    const text = bytes.toString('utf8');
    rememberText(file, wasVault ? starred(text) : text);
    return text;
  } catch (error) {
    if (error instanceof VaultError) throw new InputError([vaultDiagnostic(file, error)]);
    throw error;
  }
}

/** Letter by letter, so that places stay. */
export function starred(text: string): string {
  return text.replace(/\S/g, '*');
}

/** The whole file is the place: what is in it has none. */
export function vaultDiagnostic(file: string, { message, hint }: VaultError): Diagnostic {
  const span = { file, line: 1, column: 1, endLine: 1, endColumn: 1 };
  return { severity: 'error', code: 'vault', message, span, ...(hint === undefined ? {} : { hint }) };
}
