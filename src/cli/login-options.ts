import { type Command, Option } from 'commander';
import { askSecret } from './ask.ts';
import type { Login } from './host-target.ts';
import { positive } from './option-values.ts';
import { mask } from './terminal.ts';

/** How to log in to hosts, where the inventory does not say. */
export interface LoginFlags {
  readonly user?: string;
  readonly askPass?: boolean;
  readonly privateKey?: string;
  /** Seconds for connecting. */
  readonly timeout: number;
}

export interface BecomePasswordFlags {
  readonly askBecomePass?: boolean;
}

export function addLoginOptions(command: Command): Command {
  return command
    .option('-u, --user <user>', 'log in as this user')
    .option('-k, --ask-pass', 'ask for the login password')
    .option('--private-key <file>', 'log in with this key')
    .addOption(new Option('-T, --timeout <seconds>', 'limit for connecting').argParser(positive).default(10));
}

export function addBecomePasswordOption(command: Command): Command {
  return command.option('-K, --ask-become-pass', 'ask for the password of sudo, su or doas');
}

/** Masked from then on; undefined where nothing is to be asked. */
export async function askLoginPassword({ askPass }: LoginFlags): Promise<string | undefined> {
  return askPass ? hidden(await askSecret('login password', '--ask-pass')) : undefined;
}

/** Masked from then on; undefined where nothing is to be asked. */
export async function askBecomePassword(
  { askBecomePass }: BecomePasswordFlags,
  loginPassword: string | undefined,
): Promise<string | undefined> {
  if (!askBecomePass) return undefined;
  const asked = await askSecret('become password (empty: the login password)', '--ask-become-pass');
  return asked === '' ? loginPassword : hidden(asked);
}

export function loginOf({ user, privateKey }: LoginFlags, password: string | undefined): Login {
  return { user, password, privateKey, agentSocket: process.env.SSH_AUTH_SOCK || undefined };
}

function hidden(secret: string): string {
  if (secret) mask.add(secret);
  return secret;
}
