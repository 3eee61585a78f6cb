import { execFileSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { InputError } from '../errors/errors.ts';
import { onHiddenValue, useVaultSecrets } from '../vault/keyring.ts';
import type { VaultSecret } from '../vault/vault-text.ts';
import { askSecret } from './ask.ts';
import { mask } from './terminal.ts';

/** Ansible's options for vault passwords, as commander gives them. */
export interface VaultFlags {
  readonly vaultId: readonly string[];
  readonly vaultPasswordFile: readonly string[];
  readonly vaultPassFile?: string;
  readonly askVaultPassword?: boolean;
  readonly askVaultPass?: boolean;
}

const collect = (value: string, before: readonly string[]) => [...before, value];
/** A program that asks somebody or something; it may take its time, but not for ever. */
const programTimeoutMs = 60_000;

export function addVaultOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--vault-id <label@source>',
        'vault password: a file, a program or `prompt`, with its label (repeatable)',
      )
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(
      new Option('--vault-password-file <file>', 'the same without a label (repeatable)')
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(new Option('--vault-pass-file <file>').hideHelp())
    .option('-J, --ask-vault-pass', 'ask for the vault password')
    .addOption(new Option('--ask-vault-password').hideHelp());
}

/** Take the passwords for this process, and hide whatever comes out of a vault from then on. */
export async function unlockVaults(flags: VaultFlags): Promise<void> {
  const secrets = await vaultSecretsOf(flags);
  for (const { password } of secrets) mask.add(password);
  useVaultSecrets(secrets);
  onHiddenValue((value) => mask.add(value));
}

/** In the order given. Throws InputError for a source that gives none. */
export async function vaultSecretsOf(flags: VaultFlags): Promise<VaultSecret[]> {
  const files = [...flags.vaultPasswordFile, ...(flags.vaultPassFile === undefined ? [] : [flags.vaultPassFile])];
  const sources = [...flags.vaultId, ...files.map((file) => `default@${file}`)];
  if (flags.askVaultPassword || flags.askVaultPass) sources.push('default@prompt');
  const secrets: VaultSecret[] = [];
  for (const source of sources) secrets.push(await secretFrom(source));
  return secrets;
}

/** `label@source`, or a source alone. */
export async function secretFrom(text: string, confirm = false): Promise<VaultSecret> {
  const at = text.indexOf('@');
  const id = at > 0 ? text.slice(0, at) : 'default';
  const source = at >= 0 ? text.slice(at + 1) : text;
  if (/[;\s]/.test(id)) throw wrong(`'${id}' cannot be a vault id: no blanks and no semicolons`);
  const password =
    source === 'prompt' || source === 'prompt_ask_vault_pass' ? await ask(id, confirm) : passwordFrom(source, id);
  if (password === '') throw wrong(`the vault password of '${id}' is empty`);
  return { id, password };
}

async function ask(id: string, confirm: boolean): Promise<string> {
  const name = `${confirm ? 'new ' : ''}vault password${id === 'default' ? '' : ` (${id})`}`;
  const password = await askSecret(name, '--vault-id');
  if (confirm && password !== (await askSecret(`confirm ${name}`, '--vault-id'))) throw wrong('the passwords differ');
  return password;
}

/** A file holds the password; a program prints it, and is told the id when its name says that it wants to know. */
function passwordFrom(source: string, id: string): string {
  const file = resolve(source);
  try {
    const text = isProgram(file) ? run(file, id) : readFileSync(file, 'utf8');
    return text.replace(/^\s+|\s+$/g, '');
  } catch (error) {
    const said = error instanceof Error ? error.message.split('\n').slice(0, 3).join(' ') : String(error);
    throw wrong(`no vault password from ${source}: ${said}`);
  }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile() && (statSync(file).mode & 0o111) !== 0;
  } catch {
    return false;
  }
}

function run(file: string, id: string): string {
  const isClient = /-client(?:\.\w+)?$/.test(basename(file));
  const args = isClient && id !== 'default' ? ['--vault-id', id] : [];
  return execFileSync(file, args, { encoding: 'utf8', timeout: programTimeoutMs, stdio: ['inherit', 'pipe', 'pipe'] });
}

function wrong(message: string): InputError {
  return new InputError([{ severity: 'error', code: 'vault-password', message }]);
}
