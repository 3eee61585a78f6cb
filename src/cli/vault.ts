import { Command, Option } from 'commander';
import { InputError } from '../errors/errors.ts';
import { openVault, useVaultSecrets } from '../vault/keyring.ts';
import { isVault, sealVault, VaultError, type VaultSecret } from '../vault/vault-text.ts';
import { askSecret } from './ask.ts';
import { output } from './terminal.ts';
import { editInMemory } from './vault-edit.ts';
import { readInput, writeResult } from './vault-files.ts';
import { addVaultOptions, secretFrom, type VaultFlags, vaultSecretsOf } from './vault-passwords.ts';

interface Flags extends VaultFlags {
  readonly encryptVaultId?: string;
  readonly output?: string;
  readonly newVaultId?: string;
  readonly newVaultPasswordFile?: string;
  readonly name: readonly string[];
  readonly stdinName?: string;
  readonly prompt?: boolean;
}

/** `rcdeploy vault`: files and values in Ansible Vault's form, which ansible-vault reads and writes too. */
export function vaultCommand(): Command {
  const command = new Command('vault').description('encrypt and decrypt files and values, as ansible-vault does');
  const add = (name: string, description: string, action: (files: string[], flags: Flags) => Promise<void>) => {
    const one = addVaultOptions(new Command(name).description(description)).argument('[files...]');
    one.action((files: string[], flags: Flags) => withPlaces(() => action(files, flags)));
    command.addCommand(one);
    return one;
  };
  const target = () => new Option('--output <file>', 'write there instead of to the file itself; `-`: to stdout');
  const encryptId = () => new Option('--encrypt-vault-id <label>', 'which of several passwords to encrypt with');
  add('encrypt', 'encrypt files, or stdin to stdout', encrypt).addOption(target()).addOption(encryptId());
  add('decrypt', 'decrypt files, or stdin to stdout', decrypt).addOption(target());
  add('view', 'show what is in vaults', view);
  add('create', 'write a new vault in an editor', create).addOption(encryptId());
  add('edit', 'change a vault in an editor; nothing of it reaches a disk', edit).addOption(encryptId());
  add('rekey', 'give vaults another password', rekey)
    .addOption(new Option('--new-vault-id <label@source>', 'the new password'))
    .addOption(new Option('--new-vault-password-file <file>', 'the same without a label'));
  add('encrypt-string', 'encrypt values for use in YAML', encryptString)
    .alias('encrypt_string')
    .addOption(
      new Option('-n, --name <name>', 'variable of the value (repeatable)').argParser(collect).default([], 'none'),
    )
    .addOption(new Option('--stdin-name <name>', 'read the value from stdin; its variable'))
    .addOption(new Option('-p, --prompt', 'ask for the value'))
    .addOption(encryptId());
  return command;
}

const collect = (value: string, before: readonly string[]) => [...before, value];

/** A vault that cannot be opened is a mistake in the input. */
async function withPlaces(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    throw mistake(error.message, error.hint);
  }
}

function mistake(message: string, hint?: string): InputError {
  return new InputError([{ severity: 'error', code: 'vault', message, hint }]);
}

async function encrypt(files: string[], flags: Flags): Promise<void> {
  const secret = await encryptingSecret(flags);
  await eachInput(files, flags, async (content, name) => {
    if (isVault(content))
      throw mistake(`${name} is encrypted already`, 'use `rcdeploy vault rekey` for another password');
    return Buffer.from(sealVault(content, secret));
  });
}

async function decrypt(files: string[], flags: Flags): Promise<void> {
  await unlock(flags);
  await eachInput(files, flags, async (content, name) => opened(content, name));
}

async function view(files: string[], flags: Flags): Promise<void> {
  await unlock(flags);
  await eachInput(files, { ...flags, output: '-' }, async (content, name) => opened(content, name));
}

async function rekey(files: string[], flags: Flags): Promise<void> {
  await unlock(flags);
  const given = flags.newVaultId ?? (flags.newVaultPasswordFile && `default@${flags.newVaultPasswordFile}`);
  // Everything is opened before anything is written: a wrong password leaves all files with the old one.
  const contents = await Promise.all(
    files.map(async (file) => ({ file, content: opened(await readInput(file), file) })),
  );
  if (contents.length === 0) throw mistake('name the files to rekey');
  const secret = await secretFrom(given ?? 'default@prompt', true);
  for (const { file, content } of contents) await writeResult(file, Buffer.from(sealVault(content, secret)));
  output.errorLine('Rekey successful');
}

async function create(files: string[], flags: Flags): Promise<void> {
  const file = only(files);
  const secret = await encryptingSecret(flags);
  const content = await editInMemory(Buffer.alloc(0), file);
  await writeResult(file, Buffer.from(sealVault(content, secret)), { mustBeNew: true });
}

async function edit(files: string[], flags: Flags): Promise<void> {
  const file = only(files);
  const secrets = await unlock(flags);
  const sealed = await readInput(file);
  const before = opened(sealed, file);
  const after = await editInMemory(before, file);
  if (after.equals(before)) return output.errorLine(`${file} was left as it was`);
  const secret =
    flags.encryptVaultId === undefined ? secretThatOpens(sealed, secrets) : chosen(secrets, flags.encryptVaultId);
  await writeResult(file, Buffer.from(sealVault(after, secret)));
}

async function encryptString(values: string[], flags: Flags): Promise<void> {
  const secret = await encryptingSecret(flags);
  const named: { readonly name: string | undefined; readonly value: string }[] = values.map((value, index) => ({
    name: flags.name[index],
    value,
  }));
  if (flags.prompt)
    named.push({ name: flags.name[values.length], value: await askSecret('value to encrypt', '--prompt') });
  if (flags.stdinName !== undefined || named.length === 0) {
    named.push({ name: flags.stdinName ?? flags.name[0], value: (await readInput('-')).toString('utf8') });
  }
  for (const { name, value } of named) {
    const lines = sealVault(Buffer.from(value), secret).trimEnd().split('\n');
    output.rawLine(
      `${name === undefined ? '' : `${name}: `}!vault |\n${lines.map((line) => `          ${line}`).join('\n')}`,
    );
  }
}

async function eachInput(
  files: readonly string[],
  flags: Flags,
  turn: (content: Buffer, name: string) => Promise<Buffer>,
): Promise<void> {
  const inputs = files.length === 0 ? ['-'] : files;
  if (flags.output !== undefined && flags.output !== '-' && inputs.length > 1) {
    throw mistake('--output takes the result of one file only');
  }
  for (const file of inputs) {
    const result = await turn(await readInput(file), file === '-' ? 'stdin' : file);
    await writeResult(flags.output ?? file, result);
  }
}

function only(files: readonly string[]): string {
  const [file] = files;
  if (file === undefined || files.length > 1) throw mistake('name one file');
  return file;
}

function opened(content: Buffer, name: string): Buffer {
  if (!isVault(content)) throw mistake(`${name} is not vault encrypted data`);
  try {
    return openVault(content.toString('latin1'));
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    throw mistake(`${name}: ${error.message}`, error.hint);
  }
}

async function unlock(flags: Flags): Promise<readonly VaultSecret[]> {
  const given = await vaultSecretsOf(flags);
  const secrets = given.length > 0 ? given : [await secretFrom('default@prompt')];
  useVaultSecrets(secrets);
  return secrets;
}

async function encryptingSecret(flags: Flags): Promise<VaultSecret> {
  const secrets = await vaultSecretsOf(flags);
  if (flags.encryptVaultId !== undefined) return chosen(secrets, flags.encryptVaultId);
  const [first] = secrets;
  if (first === undefined) return await secretFrom('default@prompt', true);
  if (secrets.length === 1) return first;
  throw mistake(
    `the vault ids ${secrets.map(({ id }) => id).join(', ')} are there to encrypt with`,
    'say which one with --encrypt-vault-id',
  );
}

function chosen(secrets: readonly VaultSecret[], id: string): VaultSecret {
  const found = secrets.find((secret) => secret.id === id);
  if (found === undefined) throw mistake(`no password was given for the vault id '${id}'`);
  return found;
}

function secretThatOpens(sealed: Buffer, secrets: readonly VaultSecret[]): VaultSecret {
  const text = sealed.toString('latin1');
  for (const secret of secrets) {
    useVaultSecrets([secret]);
    try {
      openVault(text);
      return secret;
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
    }
  }
  throw mistake('no password opens it any more');
}
