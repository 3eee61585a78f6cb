import type { Span } from '../errors/diagnostic.ts';
import type { NodeAccess, NodeAnswer, NodeLink, NodeQuery } from '../redis/node/contract.ts';
import type { Connection, Reply, ShOptions } from '../transport/contract.ts';

/**
 * A module is data: what to look at (`read`), what to change (`plan`, pure), how to change it (`apply`). Check mode is read
 * and plan, a diff is the plan's changes, and a second run with no changes is a property of every module.
 */

/** What a task's result holds, in Ansible's names and shapes. Modules add their own keys. */
export interface Result {
  changed?: boolean;
  failed?: boolean;
  skipped?: boolean;
  unreachable?: boolean;
  msg?: string;
  rc?: number;
  stdout?: string;
  stderr?: string;
  stdout_lines?: string[];
  stderr_lines?: string[];
  [key: string]: unknown;
}

/** What a module looks at. The script must have no side effect: it may run early, late, twice or for nothing. */
export interface ReadRequest {
  /**
   * POSIX sh, run with `LC_ALL=C`, no stdin, in a subshell of its own unless it is `contained`; output bounded (64 KiB unless files
   * are read).
   */
  readonly script?: string;
  /** Paths, as words of sh, that the script looks at with `stat_block`: those of all reads of a message are looked at in one process. */
  readonly stats?: readonly string[] | undefined;
  readonly nodes?: readonly NodeQuery[];
  /**
   * Scripts for other inventory hosts, run there by whoever keeps the state directory (locks, records of clusters), or as the
   * task's user.
   */
  readonly elsewhere?: readonly { readonly host: string; readonly script: string; readonly asTaskUser?: true }[];
}
export interface ReadAnswer {
  /** Reply of `script`; rc 0 and empty when the request had none. */
  readonly reply: Reply;
  /** In the order of `nodes`. */
  readonly nodes: readonly NodeAnswer[];
  /** In the order of `elsewhere`. */
  readonly elsewhere?: readonly Reply[];
  /** When `reply` came, by this machine's clock in milliseconds; it may have waited for its task since. */
  readonly at?: number;
}

/** One thing that will differ. `before`/`after` are shown in diffs; long texts go as `text: true` (unified diff). */
export interface Change {
  readonly what: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly text?: boolean;
}

export interface Plan {
  /** Empty: nothing to do. */
  readonly changes: readonly Change[];
  /** Keys of the result already known from reading (`stat`, `dest`, `mode`…). May hold `Unknown` for what only the run can know. */
  readonly result?: Result;
  /** The task cannot succeed: the message of the failure. */
  readonly failed?: string;
  /** The module decided that there is nothing to judge (`creates` exists, command in check mode): status skipped. */
  readonly skipped?: string;
  /** What the operator should know, and may leave as it is. */
  readonly warnings?: readonly string[];
  /** What is unsafe as it is declared or was found. Told like warnings; with `--strict` the task fails with it and changes nothing. */
  readonly unsafe?: readonly string[];
  /**
   * Apply is called (not in check mode) though no change is certain: it waits for something (wait_for), or only then learns
   * whether there is one (latest after a refreshed package index). `changed` is what apply's result says, else false.
   */
  readonly applies?: true;
}

/** What plan may know besides arguments and state. */
export interface PlanEnv {
  readonly host: string;
  readonly check: boolean;
  readonly diff: boolean;
  /** Check mode predicted a change on this host earlier in the run: a missing parent, user or binary may be about to come. */
  readonly changesPredicted: boolean;
}

/** What apply may do. Everything here may throw UnreachableError; `sh` does not throw for rc != 0. */
export interface ApplyContext {
  readonly host: string;
  readonly diff: boolean;
  readonly signal: AbortSignal;
  /** Seconds that a command may take which is left behind (`async` with `poll: 0`); undefined: it is waited for. */
  readonly leaveForS?: number | undefined;
  /** Directory on the control machine for content-addressed artefacts (0700, created). */
  readonly cacheDir: string;
  /** Run a script on the task's host as the task's (become) user. A lost connection throws UnreachableError, never "ok". */
  sh(script: string, options?: ShOptions): Promise<Reply>;
  /** The same on another inventory host. */
  on(host: string): Pick<ApplyContext, 'sh'>;
  /** The same as whoever keeps the state directory on that host. */
  stateOf(host: string): Pick<ApplyContext, 'sh'>;
  query(query: NodeQuery): Promise<NodeAnswer>;
  /** A connection to a node that is kept, at the latest until `apply` has ended. Throws a NodeError when the node cannot be reached. */
  link(node: NodeAccess): Promise<NodeLink>;
  /** A stream to an address or socket as seen from the task's host. Rejects when it is refused, cannot be reached or may not be forwarded. */
  readonly openStream: Connection['openStream'];
  /** Once per run for all hosts and tasks that give the same key: the first caller runs it, the others share the outcome. */
  once<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** What the operator should see of a wait or long step, now ("compiling redis 7.0.15 on h1: 41 s"). */
  progress(text: string): void;
  /** A line that a program writes for people to read, shown as it comes. */
  output(line: string): void;
  /** Let go of the host's connection; what is asked next makes a new one, and takes the run's lock again. */
  reconnect(): Promise<void>;
  /** What the operator types; undefined where nobody is there to be asked. */
  ask(question: string, options: { readonly echo: boolean }): Promise<string | undefined>;
  /** Resolves after `ms`, or throws InterruptedError when the run is interrupted. */
  sleep(ms: number): Promise<void>;
}

/** Called when arguments have passed the schema: they are rendered, defaults are filled in. */
export type Args = Readonly<Record<string, unknown>>;

export interface HostModule<A extends Args = Args, S = unknown> {
  readonly kind: 'host';
  readonly name: string;
  /** Reads may be sent together with those of neighbouring tasks. False for what must run at its own moment (command…, wait_for). */
  readonly fusable: boolean;
  /** Not fusable, and yet the reads of later tasks may come before its turn: what it may change are nodes, not hosts. */
  readonly passable?: boolean;
  /** Bring the arguments into the form that the rest works with, reading local files (`src`) on the control machine. */
  prepare?(args: A, env: PrepareEnv): A | Promise<A>;
  read(args: A): ReadRequest;
  parse(answer: ReadAnswer, args: A): S;
  plan(state: S, args: A, env: PlanEnv): Plan;
  /** Carry the plan out. Returns the keys of the result that only now are known; a `changed` in it wins. Throws TaskError on failure. */
  apply(plan: Plan, args: A, context: ApplyContext, state: S): Promise<Result>;
}

export interface PrepareEnv {
  /** Finds a file named by `src` where Ansible looks for it (role, playbook directory; `files/` or `templates/`). Throws TaskError naming the places. */
  findFile(name: string, kind: 'files' | 'templates'): string;
  /** Renders a template's text with the task's variables. */
  renderTemplate(text: string, file: string): string;
  readonly scope: { lookup(name: string): unknown };
  readonly host: string;
  readonly span: Span | undefined;
}

/** Runs on the control machine only and touches no host: debug, assert, fail, set_fact. */
export interface ControlModule<A extends Args = Args> {
  readonly kind: 'control';
  readonly name: string;
  run(args: A, env: ControlEnv): Result;
}

export interface ControlEnv {
  readonly host: string;
  readonly check: boolean;
  /** How many `-v` were given. */
  readonly verbosity: number;
  /** Evaluate an expression text (assert's `that`, debug's `var`) in the task's scope. */
  evaluate(expression: string): unknown;
  /** Add a host, or groups and variables to it. Whether the inventory differs now. */
  addHost(name: string, groups: readonly string[], vars: Readonly<Record<string, unknown>>): boolean;
  /** Put the task's host into a group. Whether the inventory differs now. */
  addToGroup(group: string, parents: readonly string[]): boolean;
  /** Variables of a file, or of the files of a directory, of the control machine; their values are still templates. */
  readVars(from: VarsSource): { readonly files: readonly string[]; readonly vars: Readonly<Record<string, unknown>> };
}

export interface VarsSource {
  readonly file?: string;
  readonly dir?: string;
  readonly depth: number;
  readonly files_matching?: string;
  readonly ignore_files: readonly string[];
  readonly extensions: readonly string[];
  readonly ignore_unknown_extensions: boolean;
}

export type Module = HostModule<never, never> | HostModule | ControlModule | ControlModule<never>;
