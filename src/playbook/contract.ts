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
}

export interface LoopControl {
  readonly loopVar: string;
  readonly indexVar: string | undefined;
  readonly label: Raw;
  readonly pause: Raw;
  readonly extended: boolean;
}

/** Keywords of a task after inheritance from play and block: `when` and `vars` are in order outermost first. */
export interface Task extends BecomeKeywords {
  readonly kind: 'task';
  /** Unrendered name; `undefined`: the module's name is shown. */
  readonly name: string | undefined;
  readonly module: string;
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

/** `meta: flush_handlers` and the like. */
export interface Meta {
  readonly kind: 'meta';
  readonly action: 'flush_handlers' | 'end_play' | 'end_host' | 'clear_host_errors' | 'noop' | 'reset_connection';
  readonly when: readonly Condition[];
  readonly tags: readonly string[];
  readonly vars: readonly VarLayer[];
  readonly span: Span;
}

export type Entry = Task | Block | Meta;

export interface Play extends BecomeKeywords {
  readonly name: string | undefined;
  /** Unrendered host pattern (may use extra vars). */
  readonly hosts: Raw;
  readonly gatherFacts: Raw;
  /** Play vars then vars_files, lowest first (precedence 12 and 14). */
  readonly vars: readonly VarLayer[];
  readonly preTasks: readonly Entry[];
  readonly tasks: readonly Entry[];
  readonly postTasks: readonly Entry[];
  readonly handlers: readonly Task[];
  /** Unrendered sizes, left to right; empty: all hosts at once. */
  readonly serial: readonly Raw[];
  readonly order: 'inventory' | 'sorted' | 'reverse_sorted' | 'reverse_inventory' | 'shuffle';
  readonly maxFailPercentage: Raw;
  readonly anyErrorsFatal: Raw;
  readonly ignoreUnreachable: Raw;
  readonly forceHandlers: Raw;
  readonly environment: readonly Raw[];
  readonly connection: Raw;
  readonly remoteUser: Raw;
  readonly port: Raw;
  readonly tags: readonly string[];
  readonly span: Span;
}

export interface Playbook {
  readonly file: string;
  readonly dir: string;
  readonly plays: readonly Play[];
}
