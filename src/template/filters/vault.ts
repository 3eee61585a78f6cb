import { hideValue } from '../../vault/keyring.ts';
import { openSealed, parseVault, sealVault, VaultError } from '../../vault/vault-text.ts';
import { define } from '../functions.ts';
import { str } from '../python-text.ts';
import { TemplateError } from '../values.ts';

/** Vaults with a password that the playbook itself knows. */
export const vaultFilters = {
  vault: define(
    'secret salt vault_id',
    (value: unknown, secret: unknown, salt?: unknown, id: unknown = 'filter_default') => {
      const seed = salt === undefined || salt === null ? undefined : Buffer.from(str(salt));
      return sealVault(Buffer.from(str(value)), { id: str(id), password: str(secret) }, seed);
    },
  ),
  unvault: define('secret vault_id', (value: unknown, secret: unknown) => {
    try {
      const opened = openSealed(parseVault(str(value)), str(secret))?.toString('utf8');
      if (opened === undefined) throw new VaultError('the secret does not open it');
      hideValue(opened);
      return opened;
    } catch (error) {
      throw error instanceof VaultError ? new TemplateError(`unvault: ${error.message}`) : error;
    }
  }),
};
