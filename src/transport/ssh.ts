import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { UnreachableError } from '../errors/errors.ts';
import { Authentication } from './authentication.ts';
import type { ConnectHooks, Target } from './contract.ts';
import { HostKeyPolicy } from './host-key-policy.ts';
import { type Jump, openJump } from './jump.ts';
import { openSocket } from './socket.ts';
import { SshCarrier } from './ssh-carrier.ts';
import { DroppedError, logIn } from './ssh-login.ts';
import { expandHome, type SshSettings, sshSettings } from './ssh-settings.ts';

/** sshd drops connects beyond MaxStartups (10:30:100) at random: they are tried again, further and further apart. */
const attempts = 10;

/** An SSH connection to one host, through its jump hosts if it has any. */
export async function openSsh(target: Target, signal: AbortSignal, hooks: ConnectHooks): Promise<SshCarrier> {
  const settings = await settingsFor(target);
  // Read while the host's sshd makes its own beginning, which takes it as long.
  const reading = Promise.all([
    Authentication.of(settings, {
      password: target.password,
      privateKeyFile: target.privateKeyFile && expandHome(target.privateKeyFile),
      agentSocket: target.agentSocket,
      askPassphrase: hooks.askPassphrase,
    }),
    HostKeyPolicy.of(target.name, settings, target.acceptNewHostKeys, hooks.notice ?? (() => undefined)),
  ]);
  reading.catch(() => undefined);
  const timeoutMs = settings.connectTimeoutMs ?? target.connectTimeoutMs;
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    const jump = await openJump(settings.proxyJump, target, signal, hooks);
    let socket: Duplex | undefined;
    try {
      socket = await openSocket(target.name, settings, jump, timeoutMs, signal);
      const [authentication, policy] = await whileOpen(socket, reading);
      const client = await logIn(target.name, socket, settings, { authentication, policy, timeoutMs, signal });
      return new SshCarrier(target.name, settings.user, client, releaseOnce(jump));
    } catch (error) {
      socket?.destroy();
      jump?.release();
      if (!(error instanceof DroppedError) || attempt === attempts) {
        throw error instanceof DroppedError ? dropped(target.name, error) : error;
      }
      await delay(attempt * (50 + Math.random() * 250), undefined, { signal });
    }
  }
}

/** What is waited for, unless the host hangs up meanwhile: a person who types a passphrase may take longer than sshd waits. */
async function whileOpen<T>(socket: Duplex, waited: Promise<T>): Promise<T> {
  // Without a listener an error would end the process.
  const onError = () => undefined;
  socket.on('error', onError);
  try {
    const value = await waited;
    if (socket.destroyed) throw new DroppedError('the connection was closed before the login began');
    return value;
  } finally {
    socket.off('error', onError);
  }
}

async function settingsFor(target: Target): Promise<SshSettings> {
  const { address, port, user, sshOptions } = target;
  try {
    return await sshSettings({ address, port, user, options: sshOptions });
  } catch (error) {
    throw new UnreachableError(target.name, error instanceof Error ? error.message : String(error));
  }
}

function releaseOnce(jump: Jump | undefined): () => void {
  let held = true;
  return () => {
    if (held) {
      held = false;
      jump?.release();
    }
  };
}

function dropped(host: string, error: DroppedError): UnreachableError {
  return new UnreachableError(
    host,
    `The connection was dropped ${attempts} times before the login: ${error.message}`,
    "sshd's MaxStartups, fail2ban or a firewall may limit connects: see sshd's log on the host, or lower --forks.",
  );
}
