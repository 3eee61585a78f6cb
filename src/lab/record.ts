import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { type HostOptions, LabError } from './contract.ts';
import { LABS_DIR, type LabPlaces, placesOf } from './places.ts';
import { isAlive, type ProcessIdentity, readProcess, recordedProcesses } from './processes.ts';

/** What lab.json holds: enough to find the lab again from any process, and to power a host on again. */
export interface LabRecord {
  readonly name: string;
  readonly subnet: string;
  readonly hosts: readonly HostRecord[];
  /** The process that makes the lab; labs outlive it once they are complete. */
  readonly creator: ProcessIdentity;
  readonly complete: boolean;
}

export interface HostRecord {
  readonly name: string;
  readonly number: number;
  readonly zone: string;
  readonly systemd: boolean;
  readonly options: HostOptions;
}

/** Create the lab's directory with its record in it, at once, so that no other process sees one without the other. */
export async function createRecord(places: LabPlaces, record: LabRecord): Promise<void> {
  const fresh = `${LABS_DIR}/.new-${places.name}-${record.creator.pid}`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true, mode: 0o700 });
  await writeFile(`${fresh}/lab.json`, JSON.stringify(record));
  try {
    await rename(fresh, places.dir);
  } catch {
    await rm(fresh, { recursive: true, force: true });
    throw new LabError(`lab ${places.name} is being made by another process: choose another --name, or wait`);
  }
}

export async function updateRecord(places: LabPlaces, record: LabRecord): Promise<void> {
  await writeFile(`${places.record}.new`, JSON.stringify(record));
  await rename(`${places.record}.new`, places.record);
}

export async function readRecord(places: LabPlaces): Promise<LabRecord | undefined> {
  const text = await readFile(places.record, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as LabRecord);
}

/** Names of the labs on this machine, broken ones included. */
export async function recordedLabs(): Promise<string[]> {
  const names = await readdir(LABS_DIR).catch(() => []);
  return names.filter((name) => !name.startsWith('.')).sort();
}

/** `starting`: its creator is at it. `broken`: its creator died, or a host's first process did. */
export type LabState = 'absent' | 'starting' | 'up' | 'broken';

export async function stateOf(name: string): Promise<LabState> {
  const places = placesOf(name);
  const record = await readRecord(places);
  if (!record) return (await recordedLabs()).includes(name) ? 'broken' : 'absent';
  if (!record.complete) return (await isAlive(record.creator)) ? 'starting' : 'broken';
  const processes = await recordedProcesses(places.hosts);
  const alive = await Promise.all(processes.map(isAlive));
  return alive.filter(Boolean).length === record.hosts.length ? 'up' : 'broken';
}

export async function ownIdentity(): Promise<ProcessIdentity> {
  const self = await readProcess('self');
  if (!self) throw new LabError('cannot read /proc/self/stat');
  return { pid: self.pid, parent: self.parent, startTime: self.startTime };
}
