import { WITHHELD_CAPABILITIES } from './boot.ts';
import { tryCommand } from './command.ts';
import { type ExecResult, LabError, type LabHost } from './contract.ts';
import { dropRules, limitBandwidth, loadRules, NO_DROP_RULES, setLink } from './network.ts';
import type { LabPlaces } from './places.ts';
import { endProcesses, recordedProcess } from './processes.ts';
import type { HostRecord } from './record.ts';

/** A host of a lab that is up, as its users see it. */
export class RunningHost implements LabHost {
  readonly name: string;
  readonly address: string;
  readonly address6: string;
  readonly zone: string;
  readonly systemd: boolean;
  readonly #places: LabPlaces;
  readonly #record: HostRecord;
  readonly #start: () => Promise<number>;
  #pid: number;

  constructor(
    places: LabPlaces,
    record: HostRecord,
    at: { address: string; address6: string; pid: number; start: () => Promise<number> },
  ) {
    this.name = record.name;
    this.address = at.address;
    this.address6 = at.address6;
    this.zone = record.zone;
    this.systemd = record.systemd;
    this.#places = places;
    this.#record = record;
    this.#start = at.start;
    this.#pid = at.pid;
  }

  get pid(): number {
    return this.#pid;
  }

  exec(script: string, options: { stdin?: string; timeoutMs?: number } = {}): Promise<ExecResult> {
    const enter = ['nsenter', '-t', this.#runningPid(), '-m', '-u', '-i', '-n', '-p', ...(this.systemd ? ['-C'] : [])];
    const withhold = ['setpriv', '--bounding-set', WITHHELD_CAPABILITIES];
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    return tryCommand([...enter, ...withhold, 'env', '-i', path, 'HOME=/root', '/bin/sh', '-c', script], options);
  }

  async link(state: 'up' | 'down'): Promise<void> {
    await setLink(this.#places, this.#record.number, state);
  }

  async bandwidth(kbits: number | undefined): Promise<void> {
    await limitBandwidth(this.#places, { number: this.#record.number, pid: Number(this.#runningPid()) }, kbits);
  }

  async drop(what: { port: number } | { peer: string }): Promise<void> {
    await loadRules(Number(this.#runningPid()), dropRules(what));
  }

  async undrop(): Promise<void> {
    await loadRules(Number(this.#runningPid()), NO_DROP_RULES);
  }

  async crash(): Promise<void> {
    const identity = await recordedProcess(`${this.#places.hosts}/${this.name}`);
    if (identity) await endProcesses([identity]);
    this.#pid = 0;
  }

  async boot(): Promise<void> {
    if (this.#pid !== 0) throw new LabError(`lab host ${this.name} runs already`);
    this.#pid = await this.#start();
  }

  #runningPid(): string {
    if (this.#pid === 0) throw new LabError(`lab host ${this.name} is off`);
    return String(this.#pid);
  }
}
