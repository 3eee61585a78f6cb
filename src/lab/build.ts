import { mkdir, writeFile } from 'node:fs/promises';
import { type HostStart, startHost, type WaitingHost, waitForSshd } from './boot.ts';
import { createCgroup } from './cgroup.ts';
import { runCommand } from './command.ts';
import { type Lab, LabError, type LabHost } from './contract.ts';
import { createDisk, createKey } from './disk.ts';
import { RunningHost } from './host.ts';
import { inventoryText } from './inventory-file.ts';
import { type CommonFiles, createLayers, lowerDirsOf } from './layers.ts';
import { createBridge, hostAddress, hostAddress6, needsNeighbours, neighbourLines, plugIn } from './network.ts';
import { cableOf, type LabPlaces } from './places.ts';
import { isAlive, recordedProcess } from './processes.ts';
import { type HostRecord, type LabRecord, updateRecord } from './record.ts';
import { removeLab } from './remove.ts';
import { systemdProgram } from './units.ts';

/** Make all of a lab whose record exists; what was made before a failure is left to `removeLab`. */
export async function build(places: LabPlaces, record: LabRecord): Promise<Lab> {
  await mkdir(places.disks);
  await runCommand(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'rcdeploy-lab', places.disks]);
  const publicKey = await createKey(places.keyFile, `rcdeploy lab ${places.name}`);
  await createLayers(places, commonFiles(record, publicKey));
  const [, hostKeys] = await Promise.all([
    createBridge(places, record.subnet),
    Promise.all(record.hosts.map((host) => createDisk(places, host.name, host.options))),
  ]);
  await startHosts(places, record, record.hosts);
  const knownHosts = record.hosts.map((host, index) => {
    const names = [host.name, addressOf(record, host), hostAddress6(record.subnet, host.number)];
    return `${names.join(',')} ${hostKeys[index]}\n`;
  });
  await writeFile(places.knownHostsFile, knownHosts.join(''));
  await writeFile(places.inventoryFile, inventoryText(places, record));
  const complete: LabRecord = { ...record, complete: true };
  await updateRecord(places, complete);
  return opened(places, complete);
}

function commonFiles(record: LabRecord, publicKey: string): CommonFiles {
  const hosts = record.hosts.map((host) => `${addressOf(record, host)} ${host.name}\n`);
  const count = record.hosts.length;
  return {
    publicKey: `${publicKey}\n`,
    hosts: `127.0.0.1 localhost\n::1 localhost ip6-localhost\n${hosts.join('')}`,
    neighbours: needsNeighbours(count) ? `${neighbourLines(record.subnet, count, 'eth0').join('\n')}\n` : '',
  };
}

async function startHosts(places: LabPlaces, record: LabRecord, hosts: readonly HostRecord[]): Promise<WaitingHost[]> {
  const starts = await Promise.all(hosts.map((host) => hostStart(places, record, host)));
  const waiting = await Promise.all(starts.map(startHost));
  const cables = waiting.map(({ pid }, index) => ({ pid, number: hosts[index]?.number ?? 0 }));
  await plugIn(places, record.subnet, cables, record.hosts.length);
  for (const host of waiting) host.go();
  await Promise.all(starts.map((start) => waitForSshd(start, () => hostLives(start.stateDir))));
  return waiting;
}

async function hostStart(places: LabPlaces, record: LabRecord, host: HostRecord): Promise<HostStart> {
  const stateDir = `${places.hosts}/${host.name}`;
  await mkdir(stateDir, { recursive: true });
  return {
    name: host.name,
    address: addressOf(record, host),
    address6: hostAddress6(record.subnet, host.number),
    cable: cableOf(places, host.number),
    stateDir,
    disk: `${places.disks}/${host.name}`,
    lowerDirs: lowerDirsOf(places),
    systemd: host.systemd ? systemdProgram() : undefined,
    cgroup: host.systemd ? await createCgroup(places, host.name) : undefined,
    options: host.options,
  };
}

async function hostLives(stateDir: string): Promise<boolean> {
  const identity = await recordedProcess(stateDir);
  return identity !== undefined && isAlive(identity);
}

/** A handle on a lab that is complete. */
export async function opened(places: LabPlaces, record: LabRecord): Promise<Lab> {
  const hosts = await Promise.all(record.hosts.map((host) => openHost(places, record, host)));
  return {
    name: record.name,
    dir: places.dir,
    subnet: record.subnet,
    hosts,
    inventoryFile: places.inventoryFile,
    keyFile: places.keyFile,
    knownHostsFile: places.knownHostsFile,
    host(name) {
      const found = hosts.find((host) => host.name === name);
      if (!found) throw new LabError(`lab ${record.name} has no host '${name}' (h1 to h${hosts.length})`);
      return found;
    },
    down: async () => {
      await removeLab(record.name);
    },
  };
}

async function openHost(places: LabPlaces, record: LabRecord, host: HostRecord): Promise<LabHost> {
  const identity = await recordedProcess(`${places.hosts}/${host.name}`);
  const pid = identity && (await isAlive(identity)) ? identity.pid : 0;
  const start = async (): Promise<number> => {
    const [waiting] = await startHosts(places, record, [host]);
    return waiting?.pid ?? 0;
  };
  return new RunningHost(places, host, {
    address: addressOf(record, host),
    address6: hostAddress6(record.subnet, host.number),
    pid,
    start,
  });
}

function addressOf(record: LabRecord, host: HostRecord): string {
  return hostAddress(record.subnet, host.number);
}
