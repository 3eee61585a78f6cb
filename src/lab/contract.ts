/** What a lab is made of. A lab is a set of disposable Linux hosts with a real sshd each, on this machine only. */
export interface LabOptions {
  /** Letters, digits and dashes; several labs live side by side under different names. */
  readonly name: string;
  /** How many hosts, named h1, h2, …; at most 200. */
  readonly hosts: number;
  /** First three octets of the lab's /24 (`10.77.3`); default: a free one. */
  readonly subnet?: string | undefined;
  /** Numbers of the hosts whose pid 1 is systemd; the others run sshd only. */
  readonly systemd?: readonly number[] | 'all' | undefined;
  /** Zones dealt out round robin as z1, z2, …; default 3. */
  readonly zones?: number | undefined;
  /** What every host has besides. */
  readonly everyHost?: HostOptions | undefined;
  /** What single hosts have besides, by host name; wins over `everyHost` key by key. */
  readonly perHost?: Readonly<Record<string, HostOptions>> | undefined;
  /** Take down a healthy lab of the same name first; a broken one is always taken down first. */
  readonly replace?: boolean | undefined;
}

/** How a host differs from a freshly installed one. */
export interface HostOptions {
  /** Login users besides root; all have the lab's key in their authorized_keys. */
  readonly users?: readonly LabUser[] | undefined;
  /** Root's login shell, password (for `su`; without one root has none) and start-up file. */
  readonly root?: LoginOptions | undefined;
  /** Further lines of sudoers, such as `deploy ALL=(root) /usr/bin/id`. */
  readonly sudoers?: readonly string[] | undefined;
  /** The tmpfs on /tmp: a size such as `1m`, and whether programs may run from it. */
  readonly tmp?: { readonly size?: string; readonly noexec?: boolean } | undefined;
  /** Directories that are mounted read-only, such as /opt. */
  readonly readOnly?: readonly string[] | undefined;
  /** The locale that sshd gives to every session, such as zh_CN.UTF-8. */
  readonly lang?: string | undefined;
  /** Lines for the head of sshd_config, where the first value of a keyword wins (`MaxSessions 1`). */
  readonly sshd?: readonly string[] | undefined;
  /** False leaves out the sftp subsystem. */
  readonly sftp?: boolean | undefined;
  /** BusyBox in place of the programs that it has, /bin/sh included; no bash, Perl or Python. */
  readonly busybox?: boolean | undefined;
}

/** `ash` is BusyBox's; an absolute path names any other shell of the machine. */
export type LoginShell = 'sh' | 'bash' | 'fish' | 'tcsh' | 'ash' | `/${string}`;

export interface LoginOptions {
  /** Default bash; sh on BusyBox hosts. */
  readonly shell?: LoginShell | undefined;
  readonly password?: string | undefined;
  /** Text for the file that the shell reads first, for example a banner or `umask 077`. */
  readonly profile?: string | undefined;
}

export interface LabUser extends LoginOptions {
  readonly name: string;
  /** To root: without a password, with the user's own, or without one but only from a terminal (old Red Hat's default). */
  readonly sudo?: 'nopasswd' | 'password' | 'requiretty' | undefined;
  /** doas to root: without a password, or with the user's own. */
  readonly doas?: 'nopasswd' | 'password' | undefined;
}

export interface ExecResult {
  readonly rc: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface LabHost {
  readonly name: string;
  readonly address: string;
  /** The same host's IPv6 address. */
  readonly address6: string;
  readonly zone: string;
  readonly systemd: boolean;
  /** The host's pid 1 as this machine numbers it; 0 while the host is off. */
  readonly pid: number;
  /** Run a POSIX sh script as root inside the host, past sshd. */
  exec(script: string, options?: { stdin?: string; timeoutMs?: number }): Promise<ExecResult>;
  /** Pull the network cable, or plug it in again. */
  link(state: 'up' | 'down'): Promise<void>;
  /** Limit what the network carries to and from this host, in kbit/s; undefined ends it. */
  bandwidth(kbits: number | undefined): Promise<void>;
  /** Drop packets without an answer: to and from a TCP port of this host, or a peer's address. */
  drop(what: { port: number } | { peer: string }): Promise<void>;
  /** End every `drop`. */
  undrop(): Promise<void>;
  /** Power off without a goodbye; the disk stays. */
  crash(): Promise<void>;
  /** Power on after `crash`, with the same disk, address and host key. */
  boot(): Promise<void>;
}

export interface Lab {
  readonly name: string;
  /** Where the lab keeps its state, below /run/rcdeploy-lab. */
  readonly dir: string;
  /** First three octets of the addresses. */
  readonly subnet: string;
  readonly hosts: readonly LabHost[];
  /** YAML: group `redis` with every host, its address, zone and how to log in. */
  readonly inventoryFile: string;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  /** The host of that name; throws when there is none. */
  host(name: string): LabHost;
  /** Remove everything that the lab made on this machine. */
  down(): Promise<void>;
}

/** A lab that cannot be made, found or removed; the message says what to do next. */
export class LabError extends Error {
  override readonly name = 'LabError';
}
