import type { Span } from '../errors/diagnostic.ts';
import type { VarLayer } from '../inventory/contract.ts';

/** Unrendered text or value from the source; `container`/`key` in positions tells where it stands. */
export type Raw = unknown;

/** A `when`, `until`, `changed_when`, `failed_when`: expression texts, all of which must hold. A boolean is allowed as is. */
export interface Condition {
  readonly expressions: readonly (string | boolean)[];
  readonly span: Span | undefined;
}

export interface BecomeKeywords {
  readonly become?: Raw;
  readonly becomeUser?: Raw;
  readonly becomeMethod?: Raw;
  readonly becomeExe?: Raw;
  readonly becomeFlags?: Raw;
}

/** How hosts are reached, where no variable says so. */
export interface ConnectionKeywords {
  readonly connection: Raw;
  readonly remoteUser: Raw;
  readonly port: Raw;
}

/** A role at one of the places that name it, with the variables that its tasks see on their levels, lowest first. */
export interface Role {
  readonly name: string;
  /** `role_path`. */
  readonly dir: string;
  /** Level 2: defaults of what it depends on, of the roles around it, its own. */
  readonly defaults: readonly VarLayer[];
  /** Level 15, in the same order, and those that the mention gives under `vars`. */
  readonly vars: readonly VarLayer[];
  /** Level 20: what the mention gives beside keywords. */
  readonly params: readonly VarLayer[];
  /** Names of the roles that include it, nearest first. */
  readonly parents: readonly string[];
  readonly dependencies: readonly string[];
  /** The same for equal mentions: a host runs these once in a play. */
  readonly key: string;
  readonly allowDuplicates: boolean;
}

export interface LoopControl {
  readonly loopVar: string;
  readonly indexVar: string | undefined;
  readonly label: Raw;
  readonly pause: Raw;
  readonly extended: boolean;
}

/** Keywords of a task after inheritance from play and block: `when` and `vars` are in order outermost first. */
export interface Task extends BecomeKeywords, ConnectionKeywords {
  readonly kind: 'task';
  /** Unrendered name; `undefined`: the module's name is shown. */
  readonly name: string | undefined;
  readonly module: string;
  /** The module's name as it was written, for titles. */
  readonly calledAs: string;
  /** Unrendered arguments, free form already parsed: `{ _raw: '…' }` for command, shell and raw. */
  readonly args: Readonly<Record<string, Raw>>;
  readonly when: readonly Condition[];
  /** `loop`, or `with_*` with its flavour. */
  readonly loop: { readonly flavour: string; readonly value: Raw; readonly span: Span | undefined } | undefined;
  readonly loopControl: LoopControl;
  readonly until: Condition | undefined;
  readonly retries: Raw;
  readonly delay: Raw;
  readonly register: string | undefined;
  readonly notify: readonly string[];
  /** Facts go to the host that the task is delegated to. */
  readonly delegateFacts: Raw;
  /** Seconds that a task may take, and how often it is looked at: `async`, `poll`. */
  readonly async: Raw;
  readonly poll: Raw;
  /** Handlers only. */
  readonly listen: readonly string[];
  readonly changedWhen: Condition | undefined;
  readonly failedWhen: Condition | undefined;
  readonly ignoreErrors: Raw;
  readonly ignoreUnreachable: Raw;
  readonly delegateTo: Raw;
  readonly runOnce: Raw;
  readonly environment: readonly Raw[];
  readonly checkMode: Raw;
  readonly diff: Raw;
  readonly noLog: Raw;
  readonly anyErrorsFatal: Raw;
  readonly throttle: Raw;
  /** Seconds. */
  readonly timeout: Raw;
  readonly tags: readonly string[];
  /** Block and task vars, outermost first. */
  readonly vars: readonly VarLayer[];
  /** The role that the task belongs to. */
  readonly role: Role | undefined;
  /** Level 21: what dynamic includes around the task give, outermost first. */
  readonly params: readonly VarLayer[];
  readonly span: Span;
}

export interface Block {
  readonly kind: 'block';
  readonly name: string | undefined;
  readonly tasks: readonly Entry[];
  readonly rescue: readonly Entry[];
  readonly always: readonly Entry[];
  readonly span: Span;
}

export const metaActions = [
  'clear_facts',
  'clear_host_errors',
  'end_batch',
  'end_host',
  'end_play',
  'flush_handlers',
  'noop',
  'refresh_inventory',
  'reset_connection',
] as const;

/** `meta: flush_handlers` and the like. */
export interface Meta {
  readonly kind: 'meta';
  readonly action: (typeof metaActions)[number];
  readonly when: readonly Condition[];
  readonly tags: readonly string[];
  readonly vars: readonly VarLayer[];
  readonly role: Role | undefined;
  readonly params: readonly VarLayer[];
  readonly span: Span;
}

/** The tasks of a role that stand here, dependencies before it as entries of their own: `roles`, `import_role`. */
export interface RoleEntry {
  readonly kind: 'role';
  readonly role: Role;
  readonly tasks: readonly Entry[];
  readonly span: Span;
}

/** `include_tasks`, `include_role`: what stands here is read when it is known on which hosts, with which items. */
export interface Include {
  readonly kind: 'include';
  /** Judges conditions and loop; its module gives the arguments that `load` takes. */
  readonly task: Task;
  /** Read what is included. `item`: the loop's variables, data. Throws InputError with all that is wrong. */
  load(args: Readonly<Record<string, unknown>>, item: Readonly<Record<string, unknown>>): Included;
  /** What it comes to, where no template is in its name; for checks before the run. */
  readonly foreseen: Included | undefined;
  /** Files that it may name, where a template is. */
  readonly candidates: readonly string[];
}

/** What a dynamic include brings into the play. */
export interface Included {
  readonly entries: readonly Entry[];
  readonly handlers: readonly Handler[];
  /** `public`: what the rest of the play sees of the role's variables. */
  readonly exposes: Exposed | undefined;
  /** A file, or a role's name, for people. */
  readonly what: string;
}

/** Variables of roles that all tasks of their play see. */
export interface Exposed {
  readonly defaults: readonly VarLayer[];
  readonly vars: readonly VarLayer[];
}

export type Entry = Task | Block | Meta | RoleEntry | Include;

/** `include_tasks` as a handler runs the tasks of its file when it was notified. */
export type Handler = Task | Include;

/** What carries a handler's name and keywords. */
export function taskOfHandler(handler: Handler): Task {
  return handler.kind === 'include' ? handler.task : handler;
}

export function isHandler(entry: Entry): entry is Handler {
  return entry.kind === 'task' || entry.kind === 'include';
}

/** One question of `vars_prompt`. */
export interface Prompt {
  readonly name: string;
  readonly prompt: string;
  readonly private: boolean;
  readonly default: Raw;
  readonly confirm: boolean;
  /** Hash that the answer is kept as. */
  readonly encrypt: string | undefined;
  readonly salt: string | undefined;
  readonly span: Span | undefined;
}

/** One entry of `vars_files`. */
export interface VarsFile {
  /** Unrendered, in order of preference, where a template is in one of them; empty: the file is known. */
  readonly names: readonly string[];
  /** The first file that is there of these names; undefined: none is. Throws InputError with what is wrong with it. */
  load(rendered: readonly string[]): VarLayer | undefined;
  /** What it may come to, for checks before the run. */
  readonly candidates: readonly VarLayer[];
  /** Whether `candidates` is all that it can come to, as far as files are there. */
  readonly isForeseen: boolean;
}

export interface Play extends BecomeKeywords, ConnectionKeywords {
  readonly name: string | undefined;
  /** Unrendered host pattern (may use extra vars). */
  readonly hosts: Raw;
  readonly gatherFacts: Raw;
  /** Play vars, precedence 12. */
  readonly vars: readonly VarLayer[];
  /** Precedence 13. */
  readonly prompts: readonly Prompt[];
  /** Precedence 14, lowest first. */
  readonly varsFiles: readonly VarsFile[];
  /** Of `roles` and imported roles, in their order. */
  readonly exposed: Exposed;
  /** Names of the roles under `roles`. */
  readonly roleNames: readonly string[];
  readonly preTasks: readonly Entry[];
  readonly tasks: readonly Entry[];
  readonly postTasks: readonly Entry[];
  /** Those of roles first: of equal names the last wins. */
  readonly handlers: readonly Handler[];
  readonly strategy: 'linear' | 'free';
  /** Unrendered sizes, left to right; empty: all hosts at once. */
  readonly serial: readonly Raw[];
  readonly order: 'inventory' | 'sorted' | 'reverse_sorted' | 'reverse_inventory' | 'shuffle';
  /** By which of the hosts' variables batches are made. */
  readonly batchBy: 'zone' | 'shard' | 'role' | undefined;
  readonly maxFailPercentage: Raw;
  readonly maxFailHosts: Raw;
  readonly ignoresUnreachable: Raw;
  readonly retryUnreachable: Raw;
  readonly anyErrorsFatal: Raw;
  readonly ignoreUnreachable: Raw;
  readonly forceHandlers: Raw;
  readonly environment: readonly Raw[];
  readonly tags: readonly string[];
  readonly span: Span;
}

export interface Playbook {
  readonly file: string;
  readonly dir: string;
  readonly plays: readonly Play[];
}
