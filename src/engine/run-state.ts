import { TaskError } from '../errors/errors.ts';
import type { VarLayer } from '../inventory/contract.ts';
import type { Meta, Play, Task } from '../playbook/contract.ts';
import type { Become } from '../transport/contract.ts';
import { ConnectionPool } from './connections.ts';
import { HostState } from './host-state.ts';
import { RunLocks } from './locks.ts';
import { MAGIC_NAMES, magicVariable, type PlayView } from './magic.ts';
import { OwedWork } from './owed.ts';
import { mainPath } from './path.ts';
import { Reader } from './reader.ts';
import type { RunRequest } from './request.ts';
import { HostScope } from './scope.ts';
import { Semaphore } from './semaphore.ts';
import { becomeOf, targetOf } from './target.ts';

/** The playbook's play that runs, as variables and reading ahead need it. */
export interface PlayContext extends PlayView {
  readonly play: Play;
  readonly playbookDir: string;
  readonly playbookFile: string;
}

/** What one run shares between its plays, tasks and hosts. */
export class Run {
  readonly request: RunRequest;
  readonly hosts = new Map<string, HostState>();
  readonly connections: ConnectionPool;
  readonly reader: Reader;
  readonly forks: Semaphore;
  readonly locks: RunLocks;
  readonly owed: OwedWork;
  readonly #groups: Readonly<Record<string, readonly string[]>>;
  readonly #stateBecome = new Map<string, { become: Become | undefined }>();
  readonly #becomesRoot: boolean;
  /** A task of the run has a module of Redis: its hosts are touched as nodes of a cluster. */
  readonly worksOnRedis: boolean;
  #started: boolean;
  readonly #once = new Map<string, Promise<unknown>>();
  readonly #inventoryLayers = new Map<string, readonly VarLayer[]>();

  constructor(request: RunRequest) {
    this.request = request;
    this.connections = new ConnectionPool(this);
    this.reader = new Reader(this);
    this.forks = new Semaphore(request.forks);
    this.locks = new RunLocks(this);
    this.owed = new OwedWork(this);
    const plays = request.playbooks.flatMap((playbook) => playbook.plays);
    this.#becomesRoot = plays.some(playBecomes);
    this.worksOnRedis = plays.some((play) => tasksOf(play).some(({ module }) => module.startsWith('redis_')));
    this.#started = request.startAtTask === undefined;
    this.#groups = Object.fromEntries([...request.inventory.groups].map(([group, { hosts }]) => [group, hosts]));
  }

  host(name: string): HostState {
    let host = this.hosts.get(name);
    if (!host) {
      host = new HostState(name);
      this.hosts.set(name, host);
    }
    return host;
  }

  /** Who keeps locks and owed work on a host: root where any task becomes root, else the user who connects. */
  stateBecome(host: string): Become | undefined {
    const known = this.#stateBecome.get(host);
    if (known) return known.become;
    const become = this.#rootOn(host);
    this.#stateBecome.set(host, { become });
    return become;
  }

  #rootOn(host: string): Become | undefined {
    const scope = this.scope(this.host(host), undefined);
    const wanted = this.#becomesRoot || this.request.defaults.become || scope.lookupTrusted('ansible_become') === true;
    if (!wanted) return undefined;
    const keywords = { become: true, becomeUser: 'root', becomeMethod: undefined };
    try {
      return becomeOf(keywords, scope, scope, targetOf(scope, undefined, this.request), this.request);
    } catch (error) {
      // Connection variables that make no sense: the first task that needs the host says so, with its place.
      if (error instanceof TaskError) return undefined;
      throw error;
    }
  }

  /** False until `--start-at-task` names the entry or one before it. */
  hasStarted(entry: Task | Meta): boolean {
    if (!this.#started && entry.kind === 'task' && entry.name === this.request.startAtTask) this.#started = true;
    return this.#started;
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
    task?: Pick<Task, 'vars'>,
    pending?: ReadonlySet<string>,
    depth = 0,
  ): HostScope {
    const withPlay = depth === 0 ? context : undefined;
    return new HostScope({
      host,
      inventory: this.#layersOf(host.name, context?.playbookDir),
      play: withPlay?.play.vars ?? [],
      task: task?.vars ?? [],
      extra: this.request.extraVars,
      local: new Map(),
      magic: (name, scope) =>
        name === 'groups'
          ? this.#groups
          : magicVariable(name, scope, this.request, context, context?.playbookDir, () =>
              this.#hostvars(context, pending, depth),
            ),
      magicNames: MAGIC_NAMES,
      pending,
      onSecret: this.request.addSecret,
      baseDir: context?.playbookDir,
      depth,
    });
  }

  #hostvars(context: PlayContext | undefined, pending: ReadonlySet<string> | undefined, depth: number) {
    const names = this.request.inventory.hosts;
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
      layers = this.request.inventory.layersOf(host, playbookDir);
      this.#inventoryLayers.set(key, layers);
    }
    return layers;
  }
}

/** Whether any task of the play may become another user. */
function playBecomes(play: Play): boolean {
  if (isOn(play.become)) return true;
  return tasksOf(play).some(({ become }) => isOn(become));
}

function tasksOf(play: Play): Task[] {
  const steps = mainPath([play.preTasks, play.tasks, play.postTasks]);
  return [...steps.flatMap((step) => (step.kind === 'task' ? [step.task] : [])), ...play.handlers];
}

/** A template may come to true. */
function isOn(raw: unknown): boolean {
  return raw !== undefined && raw !== null && raw !== false && raw !== 'no' && raw !== 'false';
}
