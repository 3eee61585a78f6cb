import { build, opened } from './build.ts';
import { type HostOptions, type Lab, LabError, type LabOptions } from './contract.ts';
import { placesOf } from './places.ts';
import {
  createRecord,
  type HostRecord,
  type LabRecord,
  ownIdentity,
  readRecord,
  recordedLabs,
  stateOf,
} from './record.ts';
import { removeLab } from './remove.ts';
import { claimSubnet } from './subnet.ts';
import { labUnavailable } from './unavailable.ts';
import { systemdProgram, tooManySystemds } from './units.ts';

const MOST_HOSTS = 200;

/** Make a lab. It outlives this process; `down` or `labDown` removes it. */
export async function labUp(options: LabOptions): Promise<Lab> {
  const reason = labUnavailable();
  if (reason) throw new LabError(reason);
  checkOptions(options);
  await makeRoom(options);
  const places = placesOf(options.name);
  const record: LabRecord = {
    name: options.name,
    subnet: '',
    hosts: hostRecords(options),
    creator: await ownIdentity(),
    complete: false,
  };
  await createRecord(places, record);
  try {
    return await build(places, { ...record, subnet: await claimSubnet(options.name, options.subnet) });
  } catch (error) {
    await removeLab(options.name);
    throw error;
  }
}

/** Remove a lab in whatever state it is; false when there is none of that name. */
export function labDown(name: string): Promise<boolean> {
  return removeLab(name);
}

export interface LabSummary {
  readonly name: string;
  readonly state: 'starting' | 'up' | 'broken';
  readonly hosts: number;
  readonly subnet: string;
  readonly inventoryFile: string;
}

export async function labList(): Promise<LabSummary[]> {
  const summaries = (await recordedLabs()).map(async (name): Promise<LabSummary[]> => {
    const places = placesOf(name);
    const [record, state] = [await readRecord(places), await stateOf(name)];
    if (state === 'absent') return [];
    const { inventoryFile } = places;
    return [{ name, state, hosts: record?.hosts.length ?? 0, subnet: record?.subnet ?? '', inventoryFile }];
  });
  return (await Promise.all(summaries)).flat();
}

/** A lab that another process made; throws when there is none of that name or it is not whole. */
export async function labOpen(name: string): Promise<Lab> {
  const places = placesOf(name);
  const record = await readRecord(places);
  if (!record?.complete) {
    const others = (await recordedLabs()).join(', ') || 'none';
    throw new LabError(`no lab '${name}' on this machine (labs here: ${others}): rcdeploy lab up 6 --name ${name}`);
  }
  return opened(places, record);
}

function checkOptions(options: LabOptions): void {
  if (!/^[a-z0-9][a-z0-9-]{0,31}$/.test(options.name)) {
    throw new LabError(`lab name '${options.name}': use up to 32 lower-case letters, digits and dashes`);
  }
  if (!Number.isInteger(options.hosts) || options.hosts < 1 || options.hosts > MOST_HOSTS) {
    throw new LabError(`a lab has 1 to ${MOST_HOSTS} hosts, not ${options.hosts}`);
  }
  const names = new Set(hostRecords(options).map((host) => host.name));
  for (const name of Object.keys(options.perHost ?? {})) {
    if (!names.has(name)) throw new LabError(`perHost names ${name}, but the lab has h1 to h${options.hosts}`);
  }
  const systemds = hostRecords(options).filter((host) => host.systemd).length;
  if (systemds > 0 && !systemdProgram()) {
    throw new LabError('hosts with systemd need it on this machine: apt-get install systemd');
  }
  const tooMany = tooManySystemds(systemds);
  if (tooMany) throw new LabError(tooMany);
}

async function makeRoom(options: LabOptions): Promise<void> {
  const state = await stateOf(options.name);
  if (state === 'starting') throw new LabError(`lab ${options.name} is being made by another process`);
  if (state === 'up' && !options.replace) {
    throw new LabError(`lab ${options.name} is up already: rcdeploy lab down ${options.name}`);
  }
  if (state !== 'absent') await removeLab(options.name);
}

function hostRecords(options: LabOptions): HostRecord[] {
  return Array.from({ length: options.hosts }, (_, index) => {
    const number = index + 1;
    const name = `h${number}`;
    const all: HostOptions = { ...options.everyHost, ...options.perHost?.[name] };
    const systemd = options.systemd === 'all' || (options.systemd?.includes(number) ?? false);
    return { name, number, zone: `z${(index % (options.zones ?? 3)) + 1}`, systemd, options: all };
  });
}
