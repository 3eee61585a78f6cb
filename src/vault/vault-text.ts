import { createCipheriv, createDecipheriv, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';

/** Why a vault cannot be opened or is none. The message never holds any of its content. */
export class VaultError extends Error {
  override readonly name = 'VaultError';
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** A password under its vault id, which is `default` where none was given. */
export interface VaultSecret {
  readonly id: string;
  readonly password: string;
}

/** Ansible Vault's text taken apart: `$ANSIBLE_VAULT;1.2;AES256;id`, then lines of hexadecimal digits. */
export interface Sealed {
  readonly id: string;
  readonly salt: Buffer;
  readonly mac: Buffer;
  readonly ciphertext: Buffer;
}

const mark = '$ANSIBLE_VAULT;';

/** Whether a text, or the bytes of a file, are an Ansible Vault. */
export function isVault(content: string | Buffer): boolean {
  const head = typeof content === 'string' ? content.slice(0, 64) : content.subarray(0, 64).toString('latin1');
  return head.startsWith(mark);
}

/** Throws VaultError for what is damaged, or of a kind that is not known. */
export function parseVault(text: string): Sealed {
  const [head = '', ...lines] = text.trim().split(/\r?\n/);
  const [, version = '', cipher = '', id = 'default'] = head.trim().split(';');
  if (!head.startsWith(mark)) throw new VaultError('this is no vault: it does not begin with $ANSIBLE_VAULT');
  if (version === '1.0') {
    throw new VaultError('vaults of version 1.0 are not read', 'encrypt it anew with `ansible-vault rekey`');
  }
  if (!['1.1', '1.2'].includes(version) || cipher !== 'AES256') {
    throw new VaultError(`vaults of version ${version} with ${cipher || 'no cipher'} are not known`);
  }
  const payload = fromHex(lines.map((line) => line.trim()).join(''), 'text').toString('latin1');
  const [salt, mac, ciphertext, ...more] = payload.split('\n');
  if (!salt || !mac || !ciphertext || more.length > 0) throw damaged('it has not the three parts of a vault');
  return { id, salt: fromHex(salt, 'salt'), mac: fromHex(mac, 'HMAC'), ciphertext: fromHex(ciphertext, 'ciphertext') };
}

function fromHex(text: string, part: string): Buffer {
  if (text === '' || text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw damaged(`its ${part} is not made of pairs of hexadecimal digits`);
  }
  return Buffer.from(text, 'hex');
}

function damaged(why: string): VaultError {
  return new VaultError(
    `this vault is damaged: ${why}`,
    'restore it from where it was copied; part of it may be missing',
  );
}

/** The content, or undefined when the password is not the one: a changed vault cannot be told from a wrong password. */
export function openSealed(sealed: Sealed, password: string): Buffer | undefined {
  const { cipherKey, macKey, iv } = deriveKeys(password, sealed.salt);
  const mac = createHmac('sha256', macKey).update(sealed.ciphertext).digest();
  if (mac.length !== sealed.mac.length || !timingSafeEqual(mac, sealed.mac)) return undefined;
  const decipher = createDecipheriv('aes-256-ctr', cipherKey, iv);
  return unpad(Buffer.concat([decipher.update(sealed.ciphertext), decipher.final()]));
}

/** The text of a vault as `ansible-vault` writes it: version 1.2 where the id has to be told. */
export function sealVault(content: Buffer, { id, password }: VaultSecret, salt: Buffer = randomBytes(32)): string {
  const { cipherKey, macKey, iv } = deriveKeys(password, salt);
  const cipher = createCipheriv('aes-256-ctr', cipherKey, iv);
  const ciphertext = Buffer.concat([cipher.update(pad(content)), cipher.final()]);
  const mac = createHmac('sha256', macKey).update(ciphertext).digest();
  const payload = [salt, mac, ciphertext].map((part) => part.toString('hex')).join('\n');
  const digits =
    Buffer.from(payload)
      .toString('hex')
      .match(/.{1,80}/g) ?? [];
  const head = id === 'default' ? `${mark}1.1;AES256` : `${mark}1.2;AES256;${id}`;
  return `${[head, ...digits].join('\n')}\n`;
}

const block = 16;

function deriveKeys(password: string, salt: Buffer) {
  const keys = pbkdf2Sync(password, salt, 10_000, 80, 'sha256');
  return { cipherKey: keys.subarray(0, 32), macKey: keys.subarray(32, 64), iv: keys.subarray(64) };
}

/** PKCS #7: the last byte says how many were added. */
function pad(content: Buffer): Buffer {
  const length = block - (content.length % block);
  return Buffer.concat([content, Buffer.alloc(length, length)]);
}

function unpad(content: Buffer): Buffer {
  const length = content.at(-1) ?? 0;
  const padding = content.subarray(-length);
  if (length < 1 || length > block || length > content.length || padding.some((byte) => byte !== length)) {
    throw damaged('its padding is wrong');
  }
  return content.subarray(0, -length);
}
