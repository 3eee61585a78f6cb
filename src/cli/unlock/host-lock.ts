import { InputError, TaskError, UnreachableError } from '../../errors/errors.ts';
import { sanitizeLine } from '../../report/sanitize.ts';
import { isProvenAlive } from '../../state/control-process.ts';
import {
  endRemainsScript,
  type Holder,
  nameHolder,
  parseLock,
  READ_LOCK,
  type ShellIdentity,
} from '../../state/lock.ts';
import type { Become, Connection, Shell, Target } from '../../transport/contract.ts';
import { listenForBeatScript } from '../../transport/listen-for-beat.ts';

/**
 * `free`: nobody's; `dead`: its holder's session has ended, and the next run takes the lock over; `held`: that session lives, and
 * whether its run does cannot be told from here; `alive`: the run that holds it is at work, here or heard elsewhere.
 */
export type LockFinding =
  | { readonly status: 'unreachable'; readonly why: string }
  | { readonly status: 'free'; readonly hidden: boolean }
  | { readonly status: 'dead'; readonly holder: Holder }
  | { readonly status: 'held'; readonly holder: Holder | undefined; readonly shell: ShellIdentity }
  | { readonly status: 'alive'; readonly holder: Holder | undefined; readonly why: string };

/** How to get to a host and its locks; throws InputError or TaskError when its variables make no sense. */
export type WayIn = () => { readonly target: Target; readonly become: Become | undefined };

/** One host's lock, looked at and, when somebody says so, freed: over one connection, kept between the two. */
export class HostLock {
  readonly host: string;
  readonly #wayIn: WayIn;
  readonly #connect: (target: Target) => Promise<Connection>;
  #connection: Connection | undefined;
  #shell: Shell | undefined;

  constructor(host: string, wayIn: WayIn, connect: (target: Target) => Promise<Connection>) {
    this.host = host;
    this.#wayIn = wayIn;
    this.#connect = connect;
  }

  async look(): Promise<LockFinding> {
    return await this.#told(async () => this.#read(await this.#open()));
  }

  /** End the session that was found to hold the lock, and what it runs. A holder that came since is left alone. */
  async free(shell: ShellIdentity): Promise<LockFinding> {
    return await this.#told(async () => {
      const own = await this.#open();
      await own.run(endRemainsScript(shell));
      return await this.#read(own);
    });
  }

  async close(): Promise<void> {
    await this.#connection?.close();
  }

  async #open(): Promise<Shell> {
    if (this.#shell) return this.#shell;
    const { target, become } = this.#wayIn();
    this.#connection = await this.#connect(target);
    this.#shell = await this.#connection.shell(become);
    return this.#shell;
  }

  async #read(shell: Shell): Promise<LockFinding> {
    const lock = parseLock((await shell.run(READ_LOCK)).stdout);
    if (lock.status === 'held' && lock.shell) {
      const { holder, shell: holding } = lock;
      if (holder && isProvenAlive(holder))
        return { status: 'alive', holder, why: 'that run is at work on this machine' };
      const heard = (await shell.run(listenForBeatScript(holding))).stdout.trim() === 'beat';
      if (heard) return { status: 'alive', holder, why: 'that run is at work: a sign of life of it was heard' };
      return { status: 'held', holder, shell: holding };
    }
    if (lock.holder) return { status: 'dead', holder: lock.holder };
    const hidden = shell.identity.uid !== 0 && (await shell.run('[ -d /var/lib/rcdeploy ]')).rc === 0;
    return { status: 'free', hidden };
  }

  async #told(look: () => Promise<LockFinding>): Promise<LockFinding> {
    try {
      return await look();
    } catch (error) {
      // Variables that make no sense leave this host out, and the others alone.
      if (error instanceof InputError) return { status: 'unreachable', why: error.message };
      if (!(error instanceof UnreachableError || error instanceof TaskError)) throw error;
      return {
        status: 'unreachable',
        why: error.hint === undefined ? error.message : `${error.message} (${error.hint})`,
      };
    }
  }
}

/** A line for people: what was found, who holds it, what to do. */
export function findingText(finding: LockFinding): string {
  if (finding.status === 'unreachable') return sanitizeLine(finding.why);
  if (finding.status === 'free')
    return finding.hidden ? "as far as this user sees: root's lock is seen with --become" : '';
  const holder = finding.holder === undefined ? 'a run that left no name' : sanitizeLine(nameHolder(finding.holder));
  if (finding.status === 'dead') return `its last holder has died: ${holder}; the next run takes it over`;
  return finding.status === 'alive' ? `${holder}: ${finding.why}` : holder;
}
