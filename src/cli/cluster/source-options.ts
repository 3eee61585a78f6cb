import { type Command, InvalidArgumentError, Option } from 'commander';
import { askSecret } from '../ask.ts';
import { parseExtraVars } from '../extra-vars.ts';
import type { Login } from '../host-target.ts';
import { addInputOptions } from '../run-options.ts';
import { mask } from '../terminal.ts';
import { unlockVaults, type VaultFlags } from '../vault-passwords.ts';
import { inventorySource, type Source, type SourceOptions, seedSource } from './sources.ts';

/** What every command is told of where a cluster is and how to log in. */
export interface SourceFlags extends VaultFlags {
  readonly inventory: readonly string[];
  readonly extraVars: readonly string[];
  readonly via?: string;
  readonly user?: string;
  readonly askPass?: boolean;
  readonly askRedisPass?: boolean;
  readonly privateKey?: string;
  readonly timeout: number;
}

export function addSourceOptions(command: Command): Command {
  return addInputOptions(command)
    .option(
      '--via <host>',
      'with a seed: the host that reaches the nodes, of the inventory or [user@]host[:port]; none: this machine',
    )
    .option('-u, --user <user>', 'log in as this user')
    .option('-k, --ask-pass', 'ask for the login password')
    .option('--ask-redis-pass', "ask for the nodes' password (else the variable redis_password)")
    .option('--private-key <file>', 'log in with this key')
    .addOption(new Option('-T, --timeout <seconds>', 'limit for connecting').argParser(positive).default(10));
}

export function positive(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('give a whole number from 1 on.');
  return Number(text);
}

/** Asks for what is to be asked for, once. */
export async function sourceOptions(flags: SourceFlags, signal: AbortSignal): Promise<SourceOptions> {
  await unlockVaults(flags);
  const password = flags.askPass ? await askSecret('login password', '--ask-pass') : undefined;
  const redisPassword = flags.askRedisPass ? await askSecret("the nodes' password", '--ask-redis-pass') : undefined;
  for (const secret of [password, redisPassword]) if (secret) mask.add(secret);
  const agentSocket = process.env.SSH_AUTH_SOCK || undefined;
  const login: Login = { user: flags.user, password, privateKey: flags.privateKey, agentSocket };
  return { extra: parseExtraVars(flags.extraVars), login, redisPassword, timeoutMs: flags.timeout * 1000, signal };
}

export async function sourceOf(seed: string | undefined, flags: SourceFlags, options: SourceOptions): Promise<Source> {
  return seed === undefined
    ? await inventorySource(flags.inventory, options)
    : await seedSource(seed, { host: flags.via, inventory: flags.inventory }, options);
}
