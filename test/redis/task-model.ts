import type { RespValue } from '../../src/redis/node/contract.ts';
import { rangesOf, type SlotRange, slotsOf } from '../../src/redis/slots/slots.ts';
import { SlotServer } from './slot-model.ts';

interface Task {
  readonly id: string;
  readonly giver: TaskServer;
  readonly taker: TaskServer;
  readonly slots: readonly SlotRange[];
  state: string;
  /** What the giver says of it. */
  given: string;
  retries: number;
}

const WAY = ['connecting', 'accumulate-buffer', 'streaming-buffer', 'wait-stream-eof', 'takeover'];
const isOver = (state: string): boolean => state === 'completed' || state === 'canceled';
/** Of every giver's tasks these fail, each time that they are begun. */
const FAILING = 3;

/** A master that takes slots by itself, as Redis 8.4 does: one task at a time, begun anew until it is cancelled, at both ends. */
export class TaskServer extends SlotServer {
  /** The newest first; those that it takes and those that it gives. */
  readonly tasks: Task[] = [];

  protected override versions(): readonly string[] {
    return ['redis_version:8.4.0', 'total_net_repl_input_bytes:1'];
  }

  override answer(words: readonly string[]): RespValue {
    const [, verb, what] = words;
    if (
      verb === 'SETSLOT' &&
      this.current()?.slots.some(([first, last]) => first <= Number(what) && Number(what) <= last)
    )
      return { error: `ERR Slot ${what} is currently in an active atomic slot migration.` };
    if (verb === 'INFO')
      return `${super.answer(words)}\r\ncluster_slot_migration_active_tasks:${this.current() ? 1 : 0}`;
    if (verb !== 'MIGRATION') return super.answer(words);
    if (what === 'IMPORT') return this.take(words.slice(3).map(Number));
    if (what === 'STATUS') return this.tasks.map((task) => this.entry(task));
    return this.cancel();
  }

  override tick(): void {
    const task = this.current();
    if (task?.taker !== this) return;
    const chance = this.world.chance();
    if (task.state === 'failed') {
      if (chance < 0.2)
        Object.assign(task, { state: 'connecting', given: 'send-bulk-and-stream', retries: task.retries + 1 });
    } else if (task.giver.master !== undefined || this.isDoomed(task)) {
      Object.assign(task, { state: 'failed', given: 'failed' });
    } else if (chance < 0.3) this.step(task);
  }

  private isDoomed({ slots, state }: Task): boolean {
    return state === 'streaming-buffer' && (slots[0]?.[0] ?? 0) % FAILING === 0;
  }

  private step(task: Task): void {
    const next = WAY[WAY.indexOf(task.state) + 1];
    if (next !== undefined) {
      task.state = next;
      return;
    }
    for (const slot of slotsOf(task.slots)) {
      this.data.set(slot, new Map(task.giver.keysOf(slot)));
      this.owners[slot] = this.id;
    }
    this.epoch = this.world.nextEpoch(this.epoch);
    Object.assign(task, { state: 'completed', given: 'completed' });
    task.giver.hear(this);
  }

  /** What it takes part in. */
  private current(): Task | undefined {
    return this.tasks.find((task) => !isOver(task.taker === this ? task.state : task.given));
  }

  private take(numbers: readonly number[]): RespValue {
    const slots = rangesOf(
      numbers.flatMap((first, index) => (index % 2 === 0 ? [...slotsOf([[first, numbers[index + 1] ?? first]])] : [])),
    );
    const owners = new Set([...slotsOf(slots)].map((slot) => this.owners[slot]));
    const [owner] = owners;
    if (owners.size !== 1 || owner === undefined) return { error: 'ERR slots belong to different source nodes' };
    if (owner === this.id) return { error: 'ERR this node is already the owner of the slot range' };
    if (this.current()) return { error: 'ERR another ASM task is already in progress' };
    const giver = this.world.server(owner);
    if (this.importing.size > 0 || this.migrating.size > 0 || !(giver instanceof TaskServer))
      return { error: 'ERR all slot states must be STABLE to start a slot migration task.' };
    const id = `${this.id}:${this.tasks.length}`;
    const task = { id, giver, taker: this, slots, state: 'connecting', given: 'send-bulk-and-stream', retries: 0 };
    this.tasks.unshift(task);
    giver.tasks.unshift(task);
    return id;
  }

  /** Each end for itself. */
  private cancel(): RespValue {
    const task = this.current();
    if (!task) return 0;
    if (task.taker === this)
      Object.assign(task, { state: 'canceled', given: isOver(task.given) ? task.given : 'failed' });
    else task.given = 'canceled';
    return 1;
  }

  private entry(task: Task): RespValue[] {
    const takes = task.taker === this;
    const state = takes ? task.state : task.given;
    const slots = task.slots.map(([first, last]) => `${first}-${last}`).join(' ');
    const ends = ['source', task.giver.id, 'dest', task.taker.id, 'operation', takes ? 'import' : 'migrate'];
    const times = ['retries', task.retries, 'end_time', isOver(state) ? 1 : -1];
    return ['id', task.id, 'slots', slots, ...ends, 'state', state, 'last_error', 'by the model', ...times];
  }
}
