import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from './command.ts';
import { LabError } from './contract.ts';

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly parent: number;
  /** Field 22 of /proc/PID/stat, clock ticks since the machine's boot. */
  readonly startTime: string;
}

interface ProcessState extends ProcessIdentity {
  readonly state: string;
}

/** Parse one line of /proc/PID/stat; the program's name in parentheses may itself hold anything. */
export function parseStat(line: string): ProcessState | undefined {
  const pid = Number.parseInt(line, 10);
  const [state, parent, ...rest] = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const startTime = rest[17];
  if (!pid || !state || !parent || !startTime) return undefined;
  return { pid, parent: Number(parent), startTime: startTime.trim(), state };
}

export async function readProcess(pid: number | 'self'): Promise<ProcessState | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return parseStat(line);
}

/** Whether exactly this process still runs; a zombie has ended. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const now = await readProcess(identity.pid);
  return now !== undefined && now.startTime === identity.startTime && now.state !== 'Z' && now.state !== 'X';
}

/** SIGKILL exactly these processes and wait until they are gone. */
export async function endProcesses(identities: readonly ProcessIdentity[]): Promise<void> {
  const alive: ProcessIdentity[] = [];
  for (const identity of identities) if (await isAlive(identity)) alive.push(identity);
  if (alive.length === 0) return;
  const pids = alive.map(({ pid }) => String(pid));
  // One of them may end by itself before its turn; what counts is that all are gone afterwards.
  await runCommand(['sh', '-c', 'kill -KILL "$@" 2>/dev/null || :', 'sh', ...pids]);
  const deadline = Date.now() + 20_000;
  for (const identity of alive) {
    while (await isAlive(identity)) {
      if (Date.now() > deadline) throw new LabError(`process ${identity.pid} does not end after SIGKILL`);
      await sleep(4);
    }
  }
}

/** The pid namespace's first processes recorded below a lab's directory, one file per host and boot. */
export async function recordedProcesses(hostsDir: string): Promise<ProcessIdentity[]> {
  const found: ProcessIdentity[] = [];
  for (const host of await readdir(hostsDir).catch(() => [])) {
    const identity = await recordedProcess(`${hostsDir}/${host}`);
    if (identity) found.push(identity);
  }
  return found;
}

export async function recordedProcess(hostDir: string): Promise<ProcessIdentity | undefined> {
  return parseStat(await readFile(`${hostDir}/init.stat`, 'utf8').catch(() => ''));
}
