import { UnreachableError } from '../errors/errors.ts';
import type { Carrier } from './carrier.ts';
import type { Target } from './contract.ts';

/** An SSH connection to one host. */
export async function openSsh(target: Target, _signal: AbortSignal): Promise<Carrier> {
  throw new UnreachableError(target.name, 'connection: ssh is not there yet');
}
