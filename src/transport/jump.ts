import { UnreachableError } from '../errors/errors.ts';
import type { ConnectHooks, Target } from './contract.ts';
import { openSsh } from './ssh.ts';
import type { SshCarrier } from './ssh-carrier.ts';

/** A connection to a jump host, shared by all hosts behind it; it ends when the last lets go. */
export interface Jump {
  readonly name: string;
  readonly carrier: SshCarrier;
  release(): void;
}

interface Shared {
  readonly carrier: Promise<SshCarrier>;
  users: number;
}

const open = new Map<string, Shared>();

/** The last hop's connection, through the hops before it. Undefined without hops. */
export async function openJump(
  hops: readonly string[],
  target: Target,
  signal: AbortSignal,
  hooks: ConnectHooks,
): Promise<Jump | undefined> {
  const last = hops.at(-1);
  if (last === undefined) {
    return undefined;
  }
  const before = hops.slice(0, -1);
  const key = hops.join(',');
  let shared = open.get(key);
  if (shared === undefined) {
    shared = { carrier: openHop(last, before, target, signal, hooks), users: 0 };
    open.set(key, shared);
  }
  const mine = shared;
  mine.users++;
  const release = () => {
    mine.users--;
    if (mine.users === 0) {
      forget(key, mine);
      void mine.carrier.then((carrier) => carrier.close()).catch(() => undefined);
    }
  };
  try {
    const carrier = await mine.carrier;
    carrier.onLost(() => forget(key, mine));
    return { name: last, carrier, release };
  } catch (error) {
    release();
    throw error instanceof UnreachableError
      ? new UnreachableError(target.name, `Jump host ${last}: ${error.message}`, error.hint)
      : error;
  }
}

async function openHop(
  hop: string,
  before: readonly string[],
  target: Target,
  signal: AbortSignal,
  hooks: ConnectHooks,
): Promise<SshCarrier> {
  const match = /^(?:(.+)@)?(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(hop);
  const address = match?.[2] ?? match?.[3];
  if (match === null || address === undefined) {
    throw new UnreachableError(target.name, `ProxyJump "${hop}" is not [user@]host[:port]`);
  }
  // Options meant for the host behind must not lead the hop through itself again; hops named before it do.
  const { ProxyJump: _jump, HostName: _name, HostKeyAlias: _alias, ...options } = target.sshOptions;
  const carrier = await openSsh(
    {
      ...target,
      name: hop,
      address,
      port: match[4] === undefined ? undefined : Number(match[4]),
      user: match[1],
      sshOptions: before.length === 0 ? options : { ...options, ProxyJump: before.join(',') },
    },
    signal,
    hooks,
  );
  // sshd switches Nagle's delay off only once a session was opened (45 ms per message to the hosts behind otherwise).
  const channel = await carrier.start('true').catch(() => undefined);
  channel?.stdout.resume();
  channel?.stderr.resume();
  return carrier;
}

function forget(key: string, shared: Shared): void {
  if (open.get(key) === shared) {
    open.delete(key);
  }
}
