import type { Duplex } from 'node:stream';

/** The reply of a script that ran on a host. Text is decoded as UTF-8; bytes that are not UTF-8 become U+FFFD. */
export interface Reply {
  readonly rc: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ShOptions {
  /** Bytes for the script's stdin; never put variable data of any size or a secret into the script's text. */
  readonly stdin?: Buffer | undefined;
  /** Milliseconds without any output or progress before the script is ended; default 30 minutes. Rejects with TaskError. */
  readonly idleTimeoutMs?: number | undefined;
  /** Called with output as it comes (long builds). */
  readonly onOutput?: ((chunk: string) => void) | undefined;
  /** Environment of the script besides the task's own `environment`. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** How to get to one host, every value already rendered. */
export interface Target {
  readonly name: string;
  readonly connection: 'ssh' | 'local';
  readonly address: string;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly privateKeyFile: string | undefined;
  /** What of ansible_ssh_common_args could be honoured, as ssh_config options (ProxyJump, UserKnownHostsFile…). */
  readonly sshOptions: Readonly<Record<string, string>>;
  readonly acceptNewHostKeys: boolean;
  /** Socket of ssh-agent (SSH_AUTH_SOCK), unless ssh_config names another. */
  readonly agentSocket: string | undefined;
  readonly connectTimeoutMs: number;
}

export interface Become {
  readonly method: 'sudo' | 'su' | 'doas';
  readonly user: string;
  readonly password: string | undefined;
  /** The words of the program, where it is not found by the method's name, and of its own options. Each passes any shell unquoted. */
  readonly exe?: readonly string[] | undefined;
  readonly flags?: readonly string[] | undefined;
}

/** One connection to one host: at most one SSH connection, one long-lived sh per become user, streams to its ports. */
export interface Connection {
  readonly host: string;
  /** It has ended, as far as this side knows: nothing runs over it any more. */
  readonly isLost: boolean;
  /** The session shell of the connecting user, or of `become.user`; opened on first use and kept. */
  shell(become: Become | undefined): Promise<Shell>;
  /** A stream to a TCP address or unix socket as seen from the host (direct-tcpip; net.connect when local). */
  openStream(to: { address: string; port: number } | { path: string }): Promise<Duplex>;
  /**
   * From now on a host that loses this control machine ends the shells and what they run by itself within a minute (sshd may take
   * hours to notice a power cut). Call it when the run begins to change things: it costs a channel per shell.
   */
  startHeartbeat(): Promise<void>;
  /** Ends every shell and what they still run, by process group, within 10 s. Never throws. */
  close(): Promise<void>;
  /** Let go of everything at once, whether the host answers or not. True: a script ran whose end the host has not confirmed. */
  abandon(): boolean;
}

export interface Shell {
  /**
   * Run a script as a child of the session shell. Scripts queue: one at a time. Rejects with UnreachableError when the
   * connection is lost before the exit status came, with InterruptedError when cancelled.
   */
  run(script: string, options?: ShOptions): Promise<Reply>;
  /** End what runs now (its process group) and fail the call with InterruptedError. */
  cancel(): Promise<void>;
  /**
   * pid and start time (field 22 of /proc/PID/stat) of the session shell, which holds this run's locks; `uid` 0 is root.
   * Known once a script has run; before that, reading it throws.
   */
  readonly identity: {
    readonly pid: number;
    readonly startTime: string;
    readonly bootId: string;
    readonly uid: number;
  };
}

/** What a connect may need of the run. */
export interface ConnectHooks {
  /** Told what the user should see: a new host key that was accepted. */
  readonly notice?: ((message: string) => void) | undefined;
  /** Asks for the passphrase of an encrypted key file; without it such a key is passed over, and named when no other fits. */
  readonly askPassphrase?: ((file: string) => Promise<string | undefined>) | undefined;
}
