import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import type { Holder } from './lock.ts';

/** This run as a lock's holder. */
export function thisHolder(pid: number, playbook: string): Holder {
  return {
    user: userInfo().username,
    controlHost: hostname(),
    controlPid: pid,
    controlStartTime: startTimeOf(pid) ?? '',
    controlBootId: bootId() ?? '',
    playbook,
    since: new Date().toISOString(),
  };
}

/** Whether the holder's control process ran on this machine and is gone. False when that cannot be told. */
export function isProvenDead(holder: Holder): boolean {
  return ranHere(holder) && startTimeOf(holder.controlPid) !== holder.controlStartTime;
}

/** Whether the holder's control process runs on this machine now. False when that cannot be told. */
export function isProvenAlive(holder: Holder): boolean {
  return ranHere(holder) && startTimeOf(holder.controlPid) === holder.controlStartTime;
}

/** In this boot of this machine, so that pid and start time mean something here. */
function ranHere({ controlHost, controlStartTime, controlBootId }: Holder): boolean {
  return controlStartTime !== '' && controlHost === hostname() && controlBootId !== '' && controlBootId === bootId();
}

function bootId(): string | undefined {
  return read('/proc/sys/kernel/random/boot_id')?.trim();
}

/** Field 22 of /proc/PID/stat; the second field may hold spaces and parentheses, hence the search from its end. */
function startTimeOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
