import { readFileSync } from 'node:fs';
import { isVault, openSealed, parseVault, VaultError, type VaultSecret } from './vault-text.ts';

/** The vault passwords of this process, and what was opened with them. Set once, by the command line. */
let secrets: readonly VaultSecret[] = [];
const opened = new Map<string, Buffer>();
const hidden = new Set<string>();
const listeners = new Set<(value: string) => void>();

export function useVaultSecrets(given: readonly VaultSecret[]): void {
  secrets = given;
  opened.clear();
}

/** The content of a vault. Throws VaultError, whose message says what to do and nothing of the content. */
export function openVault(text: string): Buffer {
  const known = opened.get(text);
  if (known !== undefined) return known;
  const sealed = parseVault(text);
  if (secrets.length === 0) {
    throw new VaultError(
      `this is encrypted${named(sealed.id)}, and no vault password was given`,
      'give --vault-password-file FILE, --vault-id LABEL@SOURCE or --ask-vault-pass',
    );
  }
  // The password of its own id first; each try costs ten thousand rounds of hashing.
  const inOrder = [...secrets].sort((one, other) => Number(other.id === sealed.id) - Number(one.id === sealed.id));
  for (const { password } of inOrder) {
    const content = openSealed(sealed, password);
    if (content === undefined) continue;
    opened.set(text, content);
    return content;
  }
  const tried = [...new Set(secrets.map(({ id }) => id))].join(', ');
  throw new VaultError(
    `no password that was given (${tried}) opens this vault${named(sealed.id)}: the password is wrong, or the vault was changed`,
    'its digest (HMAC-SHA256) does not match under any of them',
  );
}

function named(id: string): string {
  return id === 'default' ? '' : ` with the vault id '${id}'`;
}

/** A file's bytes, opened when they are a vault. */
export function readMaybeVault(file: string): { readonly bytes: Buffer; readonly wasVault: boolean } {
  const bytes = readFileSync(file);
  if (!isVault(bytes)) return { bytes, wasVault: false };
  return { bytes: openVault(bytes.toString('latin1')), wasVault: true };
}

/** A value that must never be shown. */
export function hideValue(value: string): void {
  if (value === '' || hidden.has(value)) return;
  hidden.add(value);
  for (const listener of listeners) listener(value);
}

/** Told of every value that came out of a vault, those known already included. */
export function onHiddenValue(listener: (value: string) => void): void {
  listeners.add(listener);
  for (const value of hidden) listener(value);
}
