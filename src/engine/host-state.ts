import type { VarLayer } from '../inventory/contract.ts';
import type { Result } from '../modules/contract.ts';
import type { Task } from '../playbook/contract.ts';
import type { Stats } from '../report/contract.ts';
import type { Reply } from '../transport/contract.ts';

export interface HostFailure {
  readonly task: Task;
  readonly result: Result;
  /** A `rescue` will deal with it. */
  readonly isRescuable?: boolean;
}

/** What the run knows of one host. Facts, registers and set_facts are data from hosts: they are never rendered. */
export class HostState {
  readonly name: string;
  /** `ansible_…` facts without their prefix. */
  facts: Record<string, unknown> = {};
  readonly setFacts = new Map<string, unknown>();
  /** What `include_vars` brought, level 18, lowest first: templates, as all that comes from files. */
  readonly includedVars: VarLayer[] = [];
  /** Roles of the present play of which a task ran here, and those that ran to their end, by key. */
  readonly rolesBegun = new Set<string>();
  readonly rolesDone = new Set<string>();
  failure: HostFailure | undefined;
  unreachable = false;
  /** A play has addressed it: it stands in the recap. */
  wasInPlay = false;
  /** A play has begun on it and not come to its end. */
  isPending = false;
  /** `meta: end_host` or `end_play`: out of the present play. */
  ended = false;
  /** Check mode has predicted a change here: what later tasks miss may be about to come. */
  changesPredicted = false;
  readonly notified = new Set<Task>();
  readonly stats: Stats = { ok: 0, changed: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0 };
  /** Replies to read scripts since the last change on this host, by become user and script. */
  readonly reads = new Map<string, Promise<Reply>>();
  /** Which of them were asked because an earlier run did, and when (milliseconds). */
  readonly early = new Map<string, number>();

  constructor(name: string) {
    this.name = name;
  }

  get isActive(): boolean {
    return !this.failure && !this.unreachable && !this.ended;
  }

  /** What was asked because an earlier run did must not outlast a change anywhere. */
  forgetEarly(): void {
    for (const key of this.early.keys()) this.reads.delete(key);
    this.early.clear();
  }

  /** Something on this host may differ from what was read. */
  forgetReads(): void {
    this.reads.clear();
    this.early.clear();
  }
}
