import { Command } from 'commander';
import { Semaphore } from '../engine/semaphore.ts';
import { InputError, InterruptedError } from '../errors/errors.ts';
import { loadInventory } from '../inventory/inventory.ts';
import { selectHosts } from '../inventory/patterns.ts';
import { sanitizeLine } from '../report/sanitize.ts';
import { count } from '../report/words.ts';
import { connect } from '../transport/connect.ts';
import { askYes } from './ask.ts';
import { parseExtraVars } from './extra-vars.ts';
import { becomeRoot, hostTarget } from './host-target.ts';
import { watchInterrupts } from './interrupt.ts';
import { inventorySources } from './load.ts';
import {
  addBecomePasswordOption,
  addLoginOptions,
  askBecomePassword,
  askLoginPassword,
  type BecomePasswordFlags,
  type LoginFlags,
  loginOf,
} from './login-options.ts';
import { addInputOptions, finishOptions } from './run-options.ts';
import { mask, output } from './terminal.ts';
import { findingText, HostLock, type LockFinding } from './unlock/host-lock.ts';
import { unlockVaults, type VaultFlags } from './vault-passwords.ts';

interface Flags extends VaultFlags, LoginFlags, BecomePasswordFlags {
  readonly inventory: readonly string[];
  readonly extraVars: readonly string[];
  readonly limit?: string;
  readonly become?: boolean;
  readonly yes?: boolean;
}

interface Looked {
  readonly lock: HostLock;
  readonly finding: LockFinding;
}

const EXIT = { free: 0, held: 3, unreachable: 4, interrupted: 130 } as const;
const atOnce = 50;

/** `rcdeploy unlock`: who holds the locks of hosts, and the end of what a dead run left there. */
export function unlockCommand(): Command {
  const command = new Command('unlock')
    .description(
      'show who holds the locks of hosts, and end what a dead run left there; never a run that is proven alive',
    )
    .argument('[pattern]', 'hosts to look at', 'all');
  addLoginOptions(addBecomePasswordOption(addInputOptions(command)))
    .option('-l, --limit <pattern>', 'only these hosts')
    .option('-b, --become', 'become root on the hosts: a run that becomes root locks there as root')
    .option('--yes', 'end it without asking, for one who knows that the holder is dead')
    .action(async (pattern: string, flags: Flags) => {
      process.exitCode = await unlock(pattern, flags);
    });
  return finishOptions(command);
}

async function unlock(pattern: string, flags: Flags): Promise<number> {
  const interrupts = watchInterrupts();
  const locks: HostLock[] = [];
  const few = new Semaphore(atOnce);
  try {
    locks.push(...(await locksOf(pattern, flags, interrupts.signal)));
    const looked = await Promise.all(locks.map((lock) => few.run(async () => ({ lock, finding: await lock.look() }))));
    for (const line of table(looked)) output.line(line);
    const held = looked.flatMap(({ lock, finding }) =>
      finding.status === 'held' ? [{ lock, shell: finding.shell }] : [],
    );
    if (held.length === 0 || !(await mayEnd(held.length, flags.yes === true))) return exitOf(looked);
    const after = await Promise.all(
      held.map(({ lock, shell }) => few.run(async () => ({ lock, finding: await lock.free(shell) }))),
    );
    for (const line of outcomes(after)) output.line(line);
    return exitOf([...looked.filter(({ finding }) => finding.status !== 'held'), ...after]);
  } catch (error) {
    if (error instanceof InterruptedError) return EXIT.interrupted;
    throw error;
  } finally {
    interrupts.stop();
    await Promise.all(locks.map((lock) => lock.close()));
  }
}

async function locksOf(pattern: string, flags: Flags, signal: AbortSignal): Promise<HostLock[]> {
  await unlockVaults(flags);
  const extra = parseExtraVars(flags.extraVars);
  const inventory = await loadInventory(inventorySources(flags.inventory));
  const limit = new Set(selectHosts(inventory, flags.limit ?? 'all'));
  const hosts = selectHosts(inventory, pattern).filter((host) => limit.has(host) || flags.limit === undefined);
  if (hosts.length === 0) {
    const hint = 'see the hosts and groups with `rcdeploy inventory --graph`';
    throw new InputError([{ severity: 'error', code: 'no-hosts', message: `no host matches '${pattern}'`, hint }]);
  }
  const login = loginOf(flags, await askLoginPassword(flags));
  const asked = { become: flags.become === true, password: await askBecomePassword(flags, login.password) };
  return hosts.map((host) => {
    const wayIn = () => {
      const target = hostTarget(inventory, host, extra, flags.timeout * 1000, login);
      if (target.password) mask.add(target.password);
      return { target, become: becomeRoot(inventory, target, extra, asked) };
    };
    const notice = (message: string) => output.errorLine(message);
    return new HostLock(host, wayIn, (target) => connect(target, signal, { notice }));
  });
}

async function mayEnd(hosts: number, yes: boolean): Promise<boolean> {
  if (yes) return true;
  output.line(
    'What holds them is ended, with all that it still does there. Look first on the control machines named above:',
  );
  output.line(
    'while the process with that pid is at work, it is no dead run, and to end it may leave things half done.',
  );
  if (await askYes(`End it on ${count(hosts, 'host')}? (yes/no)`)) return true;
  output.line('nothing was ended; without a terminal, --yes says so');
  return false;
}

function table(looked: readonly Looked[]): string[] {
  const width = Math.max(...looked.map(({ lock }) => lock.host.length));
  return looked.map(({ lock, finding }) =>
    `${sanitizeLine(lock.host).padEnd(width)}  ${finding.status.padEnd(11)}  ${findingText(finding)}`.trimEnd(),
  );
}

function outcomes(after: readonly Looked[]): string[] {
  return after.map(({ lock: { host }, finding }) => {
    const name = sanitizeLine(host);
    if (isFree(finding)) return `unlocked ${name}`;
    if (finding.status === 'unreachable') return `unknown ${name}: ${findingText(finding)}`;
    return `still held ${name}: ${findingText(finding)}; what hangs in the kernel (disk, NFS) ends only with its cause`;
  });
}

function isFree({ status }: LockFinding): boolean {
  return status === 'free' || status === 'dead';
}

/** Of the worst host. */
function exitOf(looked: readonly Looked[]): number {
  if (looked.some(({ finding }) => finding.status === 'unreachable')) return EXIT.unreachable;
  return looked.every(({ finding }) => isFree(finding)) ? EXIT.free : EXIT.held;
}
