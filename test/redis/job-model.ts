import type { RespValue } from '../../src/redis/node/contract.ts';
import { rangesOf, type SlotRange, slotsOf } from '../../src/redis/slots/slots.ts';
import { SlotServer } from './slot-model.ts';

interface Job {
  readonly name: string;
  readonly to: JobServer;
  readonly slots: readonly SlotRange[];
  state: string;
  /** What the taker still has to do after it failed. */
  cleaning: number;
}

const WAY = ['connecting', 'snapshotting', 'waiting-to-pause', 'failover-granted'];
const ENDED = ['success', 'failed', 'cancelled'];
/** So many that a mover that does not wait meets a taker that still does it. */
const CLEANING_TICKS = 400;

/** A master that hands slots over by itself, as Valkey 9 does; about one job in three fails. */
export class JobServer extends SlotServer {
  readonly jobs: Job[] = [];

  protected override versions(): readonly string[] {
    return ['redis_version:7.2.4', 'server_name:valkey', 'valkey_version:9.1.2'];
  }

  override answer(words: readonly string[]): RespValue {
    switch (words[1]) {
      case 'MIGRATESLOTS':
        return this.begin(words.slice(3, -2).map(Number), words.at(-1) ?? '');
      case 'GETSLOTMIGRATIONS':
        return this.everybodys().flatMap(([giver, job]) => this.entry(giver, job));
      case 'CANCELSLOTMIGRATIONS': {
        const active = this.jobs.filter(({ state }) => !ENDED.includes(state));
        for (const job of active) this.fail(job, 'cancelled');
        return active.length > 0 ? 'OK' : { error: 'ERR No migrations ongoing' };
      }
      case 'SETSLOT':
        return this.refusal() ?? super.answer(words);
      default:
        return super.answer(words);
    }
  }

  private refusal(): RespValue | undefined {
    const mine = this.everybodys().filter(([giver, job]) => giver === this || job.to === this);
    const active = mine.filter(([, { state }]) => !ENDED.includes(state));
    if ([...active, ...mine.filter(([, job]) => job.cleaning > 0)].some(([, job]) => job.to === this))
      return { error: 'ERR Slot import in progress.' };
    return active.length > 0 ? { error: 'ERR Slot export in progress.' } : undefined;
  }

  override tick(): void {
    for (const job of this.jobs) {
      if (job.cleaning > 0) this.clean(job);
      if (ENDED.includes(job.state)) continue;
      const next = WAY[WAY.indexOf(job.state) + 1];
      const chance = this.world.chance();
      if (this.master !== undefined || job.to.master !== undefined || chance < 0.02) {
        this.fail(job, 'failed');
      } else if (chance < 0.8) continue;
      else if (next === undefined) this.handOver(job);
      else job.state = next;
    }
  }

  private begin(numbers: readonly number[], to: string): RespValue {
    if (this.master !== undefined) return { error: 'ERR Slot migration can only be used on primary nodes.' };
    if (this.importing.size > 0) return { error: 'ERR Slots are being manually imported' };
    if (this.migrating.size > 0) return { error: 'ERR Slots are being manually migrated' };
    const slots = rangesOf(
      numbers.flatMap((first, index) => (index % 2 === 0 ? [...slotsOf([[first, numbers[index + 1] ?? first]])] : [])),
    );
    const taker = this.world.servers.find(({ id }) => id === to);
    if (!(taker instanceof JobServer)) return { error: `ERR Unknown node name: ${to}` };
    if ([...slotsOf(slots)].some((slot) => this.owners[slot] !== this.id))
      return { error: 'ERR Slots are not served by this node.' };
    this.jobs.unshift({ name: `${this.id}:${this.jobs.length}`, to: taker, slots, state: 'connecting', cleaning: 0 });
    return 'OK';
  }

  private handOver(job: Job): void {
    const { to, slots } = job;
    for (const slot of slotsOf(slots)) {
      to.data.set(slot, new Map(this.keysOf(slot)));
      to.owners[slot] = to.id;
    }
    to.epoch = this.world.nextEpoch(to.epoch);
    this.hear(to);
    job.state = 'success';
  }

  private fail(job: Job, state: string): void {
    job.state = state;
    job.cleaning = CLEANING_TICKS;
  }

  /** The taker throws away all that it holds of the slots, wherever it has it from. */
  private clean(job: Job): void {
    job.cleaning -= 1;
    if (job.cleaning > 0) return;
    for (const slot of slotsOf(job.slots)) if (job.to.owners[slot] !== job.to.id) job.to.data.delete(slot);
  }

  private everybodys(): [JobServer, Job][] {
    return this.world.servers.flatMap((server) =>
      server instanceof JobServer ? server.jobs.map((job): [JobServer, Job] => [server, job]) : [],
    );
  }

  private entry(giver: JobServer, { name, to, slots, state, cleaning }: Job): RespValue[] {
    if (giver !== this && to !== this) return [];
    const ranges = slots.map(([first, last]) => `${first}-${last}`).join(' ');
    const seen = giver === this || cleaning === 0 ? state : 'cleaning-up';
    const ends = ['target_node', to.id, 'source_node', giver.id];
    const operation = giver === this ? 'EXPORT' : 'IMPORT';
    return [
      ['name', name, 'operation', operation, 'slot_ranges', ranges, ...ends, 'state', seen, 'message', 'by chance'],
    ];
  }
}
