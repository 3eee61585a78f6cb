import type { Command } from 'commander';
import { askSecret } from '../ask.ts';
import { parseExtraVars } from '../extra-vars.ts';
import { addLoginOptions, askLoginPassword, type LoginFlags, loginOf } from '../login-options.ts';
import { addInputOptions } from '../run-options.ts';
import { mask } from '../terminal.ts';
import { unlockVaults, type VaultFlags } from '../vault-passwords.ts';
import { inventorySource, type Source, type SourceOptions, seedSource } from './sources.ts';

/** What every command is told of where a cluster is and how to log in. */
export interface SourceFlags extends VaultFlags, LoginFlags {
  readonly inventory: readonly string[];
  readonly extraVars: readonly string[];
  readonly via?: string;
  readonly askRedisPass?: boolean;
}

export function addSourceOptions(command: Command): Command {
  return addLoginOptions(addInputOptions(command))
    .option(
      '--via <host>',
      'with a seed: the host that reaches the nodes, of the inventory or [user@]host[:port]; none: this machine',
    )
    .option('--ask-redis-pass', "ask for the nodes' password (else the variable redis_password)");
}

/** Asks for what is to be asked for, once. */
export async function sourceOptions(flags: SourceFlags, signal: AbortSignal): Promise<SourceOptions> {
  await unlockVaults(flags);
  const password = await askLoginPassword(flags);
  const redisPassword = flags.askRedisPass ? await askSecret("the nodes' password", '--ask-redis-pass') : undefined;
  if (redisPassword) mask.add(redisPassword);
  const login = loginOf(flags, password);
  return { extra: parseExtraVars(flags.extraVars), login, redisPassword, timeoutMs: flags.timeout * 1000, signal };
}

export async function sourceOf(seed: string | undefined, flags: SourceFlags, options: SourceOptions): Promise<Source> {
  return seed === undefined
    ? await inventorySource(flags.inventory, options)
    : await seedSource(seed, { host: flags.via, inventory: flags.inventory }, options);
}
