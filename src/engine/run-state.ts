import type { Inventory, VarLayer } from '../inventory/contract.ts';
import { type Handler, type Meta, type Play, type Task, taskOfHandler } from '../playbook/contract.ts';
import { ConnectionPool } from './connections.ts';
import { HostState } from './host-state.ts';
import { RunLocks } from './locks.ts';
import { MAGIC_NAMES, magicVariable, OMIT, type PlayView } from './magic.ts';
import { OwedWork } from './owed.ts';
import { mainPath } from './path.ts';
import { Reader } from './reader.ts';
import type { RunRequest } from './request.ts';
import { HostScope, type ScopeParts } from './scope.ts';
import { Semaphore } from './semaphore.ts';
import { StateKeepers } from './state-keepers.ts';
import { varsFileLayers } from './vars-files.ts';
import { Ways } from './ways.ts';

/** The playbook's play that runs, as variables and reading ahead need it. */
export interface PlayContext extends PlayView {
  readonly play: Play;
  readonly playbookDir: string;
  readonly playbookFile: string;
  /** Of the play, and of the roles that have been included in it so far. */
  readonly handlers: Handler[];
  /** Variables of roles that all of the play sees. */
  readonly exposed: { readonly defaults: VarLayer[]; readonly vars: VarLayer[] };
  /** Answers to `vars_prompt`. */
  readonly answers: VarLayer;
  /** Hosts that were there when the play began. */
  readonly living: readonly HostState[];
  /** `run_once: play`: places of tasks that have run. */
  readonly doneOnce: Set<string>;
  /** `meta: end_play` ends what batches are left, too. */
  readonly ending: { whole: boolean };
}

/** What a task brings to its variables. */
export type TaskVariables = Pick<Task, 'vars'> & Partial<Pick<Task, 'role' | 'params'>>;

/** What one run shares between its plays, tasks and hosts. */
export class Run {
  readonly request: RunRequest;
  /** Tasks may add hosts and groups: each makes a new one of this. */
  inventory: Inventory;
  readonly hosts = new Map<string, HostState>();
  readonly ways: Ways;
  readonly keepers: StateKeepers;
  readonly connections: ConnectionPool;
  readonly reader: Reader;
  readonly forks: Semaphore;
  readonly locks: RunLocks;
  readonly owed: OwedWork;
  groups: Readonly<Record<string, readonly string[]>> = {};
  /** Any task of the run may become another user. */
  readonly becomesRoot: boolean;
  /** A task of the run has a module of Redis, or may have one: its hosts are touched as nodes of a cluster. */
  readonly worksOnRedis: boolean;
  #started: boolean;
  #asks = true;
  readonly #once = new Map<string, Promise<unknown>>();
  readonly #inventoryLayers = new Map<string, readonly VarLayer[]>();
  /** A password that is left out is none. */
  readonly #onSecret = (value: string): void => {
    if (value !== OMIT) this.request.addSecret(value);
  };

  constructor(request: RunRequest) {
    this.request = request;
    this.inventory = request.inventory;
    this.ways = new Ways(this);
    this.keepers = new StateKeepers(this);
    this.connections = new ConnectionPool(this);
    this.reader = new Reader(this);
    this.forks = new Semaphore(request.forks);
    this.locks = new RunLocks(this);
    this.owed = new OwedWork(this);
    const plays = request.playbooks.flatMap((playbook) => playbook.plays);
    this.becomesRoot = plays.some(playBecomes);
    this.worksOnRedis = plays.some((play) => tasksOf(play).some(mayWorkOnRedis));
    this.#started = request.startAtTask === undefined;
    this.useInventory(request.inventory);
  }

  /** From now on hosts, groups and variables are those of this inventory. */
  useInventory(inventory: Inventory): void {
    this.inventory = inventory;
    this.groups = Object.fromEntries([...inventory.groups].map(([group, { hosts }]) => [group, hosts]));
    this.#inventoryLayers.clear();
  }

  host(name: string): HostState {
    let host = this.hosts.get(name);
    if (!host) {
      host = new HostState(name);
      this.hosts.set(name, host);
    }
    return host;
  }

  /** Whether `--start-at-task` has named a task, or nobody asked for one. */
  get reachedStart(): boolean {
    return this.#started;
  }

  /** False until `--start-at-task` names the entry or one before it. */
  hasStarted(entry: Task | Meta): boolean {
    if (!this.#started && entry.kind === 'task') this.#started = isCalled(entry, this.request.startAtTask ?? '');
    return this.#started;
  }

  /** The same, and the person before the terminal wants it (`--step`). */
  async admits(entry: Task | Meta): Promise<boolean> {
    if (!this.hasStarted(entry)) return false;
    if (!this.#asks || entry.kind === 'meta' || this.request.confirmTask === undefined) return true;
    const answer = await this.request.confirmTask(entry.name ?? entry.module);
    if (answer === 'continue') this.#asks = false;
    return answer !== 'no';
  }

  /** Once per run for all that give the same key; a failure is remembered too. */
  once<T>(key: string, work: () => Promise<T>): Promise<T> {
    const known = this.#once.get(key);
    if (known) return known as Promise<T>;
    const outcome = work();
    this.#once.set(key, outcome);
    return outcome;
  }

  /** The variables of a task on a host; without a task, those that `hostvars` and connections see. */
  scope(
    host: HostState,
    context: PlayContext | undefined,
    task?: TaskVariables,
    pending?: ReadonlySet<string>,
    depth = 0,
  ): HostScope {
    const withPlay = depth === 0 ? context : undefined;
    const parts: ScopeParts = {
      host,
      inventory: this.#layersOf(host.name, context?.playbookDir),
      defaults: [...(withPlay?.exposed.defaults ?? []), ...(task?.role?.defaults ?? [])],
      play: () => [],
      task: task?.vars ?? [],
      params: [...(task?.role?.params ?? []), ...(task?.params ?? [])],
      role: task?.role,
      extra: this.request.extraVars,
      local: new Map(),
      magic: (name, scope) => magicVariable(name, scope, this, context, () => this.#hostvars(context, pending, depth)),
      magicNames: MAGIC_NAMES,
      pending,
      onSecret: this.#onSecret,
      baseDir: context?.playbookDir,
      depth,
    };
    if (withPlay === undefined) return new HostScope(parts);
    const roleVars = task?.role?.vars ?? [];
    return new HostScope({ ...parts, play: onceMade(() => [...this.#playLayers(withPlay, parts), ...roleVars]) });
  }

  #playLayers({ play, answers, exposed }: PlayContext, parts: ScopeParts): readonly VarLayer[] {
    // Files of variables rank below what tasks set, and cannot be chosen by it.
    const bare = new HostState(parts.host.name);
    bare.facts = parts.host.facts;
    const below = { ...parts, host: bare, task: [], params: [], play: () => [...play.vars, answers] };
    const isHost = this.hosts.get(parts.host.name) === parts.host;
    const files = varsFileLayers(play, () => new HostScope(below), isHost);
    return [...play.vars, answers, ...files, ...exposed.vars];
  }

  #hostvars(context: PlayContext | undefined, pending: ReadonlySet<string> | undefined, depth: number) {
    const names = this.inventory.hosts;
    return {
      lazyMap: true as const,
      get: (name: string) =>
        names.has(name) || this.hosts.has(name)
          ? this.scope(this.host(name), context, undefined, pending, depth + 1).asMap()
          : undefined,
      has: (name: string) => names.has(name),
      keys: () => [...names.keys()],
    };
  }

  #layersOf(host: string, playbookDir: string | undefined): readonly VarLayer[] {
    const key = `${playbookDir ?? ''}\0${host}`;
    let layers = this.#inventoryLayers.get(key);
    if (!layers) {
      layers = this.inventory.layersOf(host, playbookDir);
      this.#inventoryLayers.set(key, layers);
    }
    return layers;
  }
}

function onceMade<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** A task's name, with or without its role's, or a pattern with `*` for it. */
function isCalled({ name, role }: Task, wanted: string): boolean {
  if (name === undefined) return false;
  const pattern = new RegExp(
    `^${wanted
      .split('*')
      .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
      .join('.*')}$`,
  );
  return [name, `${role?.name} : ${name}`].some((one) => one === wanted || pattern.test(one));
}

/** Whether any task of the play may become another user. */
function playBecomes(play: Play): boolean {
  if (isOn(play.become)) return true;
  return tasksOf(play).some(({ become }) => isOn(become));
}

/** What an include brings is only known when it runs, and then the first change may be over. */
function mayWorkOnRedis({ module }: Task): boolean {
  return /^(redis|include)_/.test(module);
}

function tasksOf(play: Play): Task[] {
  const steps = mainPath([play.preTasks, play.tasks, play.postTasks]);
  return [...steps.flatMap((step) => (step.kind === 'task' ? [step.task] : [])), ...play.handlers.map(taskOfHandler)];
}

/** A template may come to true. */
function isOn(raw: unknown): boolean {
  return raw !== undefined && raw !== null && raw !== false && raw !== 'no' && raw !== 'false';
}
