import type { Inventory, VarLayer } from '../inventory/contract.ts';
import type { Playbook } from '../playbook/contract.ts';
import type { RunEvent } from '../report/contract.ts';
import type { AskedBefore } from '../state/asked-before.ts';

/** Everything that a run needs, already loaded and validated: the engine reads no playbook and parses no flag. */
export interface RunRequest {
  readonly playbooks: readonly Playbook[];
  readonly inventory: Inventory;
  /** Where the inventory came from, for run_start. */
  readonly inventorySources: readonly string[];
  readonly limit: string | undefined;
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  readonly extraVars: VarLayer;
  readonly forks: number;
  readonly check: boolean;
  readonly diff: boolean;
  readonly forceHandlers: boolean;
  /** What is unsafe fails its task instead of being told as a warning. */
  readonly strict?: boolean;
  /** How many `-v` were given. */
  readonly verbosity: number;
  readonly startAtTask: string | undefined;
  /** `--step`: asked before each task. */
  readonly confirmTask?: (task: string) => Promise<'yes' | 'no' | 'continue'>;
  /** Answers to `vars_prompt`, by name. */
  readonly answers?: VarLayer;
  /** Values of `-u -b --become-user --become-method --private-key -k -K`: below every variable (precedence 1). */
  readonly defaults: ConnectionDefaults;
  readonly acceptNewHostKeys: boolean;
  /** Milliseconds to wait for another run's lock; 0 refuses at once. */
  readonly lockWaitMs: number;
  /** False: read task by task (`--no-fuse`); results are the same. */
  readonly fuse: boolean;
  /** What the last run of the same asked; undefined: nothing is foreseen beyond a play, and nothing kept. */
  readonly askedBefore?: AskedBefore;
  /** Directory on the control machine for content-addressed artefacts: 0700, exists. */
  readonly cacheDir: string;
  /** Aborted by the first Ctrl-C: nothing new starts, what runs is ended. */
  readonly signal: AbortSignal;
  readonly emit: (event: RunEvent) => void;
  /** Called with every value that must never be shown, as soon as it is known. */
  readonly addSecret: (value: string) => void;
  /** Ask the operator a question of a task; undefined: nobody is there. Without it nobody ever is. */
  readonly ask?: (
    question: string,
    options: { readonly echo: boolean; readonly signal: AbortSignal },
  ) => Promise<string | undefined>;
  readonly version: string;
  /** The control process, named in locks. */
  readonly controlPid: number;
}

export interface ConnectionDefaults {
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly privateKeyFile: string | undefined;
  readonly become: boolean;
  readonly becomeUser: string | undefined;
  readonly becomeMethod: string | undefined;
  readonly becomePassword: string | undefined;
  readonly connectTimeoutMs: number;
  /** SSH_AUTH_SOCK of rcdeploy's own environment. */
  readonly agentSocket: string | undefined;
}
