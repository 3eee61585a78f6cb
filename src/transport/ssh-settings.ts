import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';

/** What ssh would do for a host, as far as rcdeploy follows it. */
export interface SshSettings {
  hostname: string;
  port: number;
  user: string;
  identityFiles: string[];
  identitiesOnly: boolean;
  /** Path, "none" or "SSH_AUTH_SOCK"; undefined: SSH_AUTH_SOCK. */
  identityAgent: string | undefined;
  certificateFiles: string[];
  knownHostsFiles: string[];
  globalKnownHostsFiles: string[];
  hostKeyAlias: string | undefined;
  strictHostKeyChecking: string;
  /** Hops, first one first: [user@]host[:port]. */
  proxyJump: string[];
  proxyCommand: string | undefined;
  connectTimeoutMs: number | undefined;
}

/** What is given outside ssh_config and wins over it. */
export interface SshWishes {
  readonly address: string;
  readonly port: number | undefined;
  readonly user: string | undefined;
  readonly options: Readonly<Record<string, string>>;
}

const answers = new Map<string, Promise<SshSettings>>();

/** The settings for one host: ssh's own answer (`ssh -G`), or its defaults when no ssh_config says anything. Asked once per host. */
export function sshSettings(wishes: SshWishes): Promise<SshSettings> {
  const key = JSON.stringify(wishes);
  let answer = answers.get(key);
  if (answer === undefined) {
    answer = find(wishes);
    answers.set(key, answer);
  }
  return answer;
}

async function find(wishes: SshWishes): Promise<SshSettings> {
  const settings = defaults(wishes.address);
  if (hasConfig()) {
    for (const [key, value] of (await askSsh(wishes)) ?? (await readConfig(wishes.address))) {
      apply(settings, key, value);
    }
  }
  // A list given as an option replaces what the configuration says.
  for (const [key, value] of Object.entries(wishes.options)) {
    forget(settings, key);
    apply(settings, key, value);
  }
  settings.port = wishes.port ?? settings.port;
  settings.user = wishes.user ?? settings.user;
  if (settings.identityFiles.length === 0) {
    settings.identityFiles = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(homedir(), '.ssh', name));
  }
  return settings;
}

function defaults(address: string): SshSettings {
  const ssh = join(homedir(), '.ssh');
  return {
    hostname: address,
    port: 22,
    user: userInfo().username,
    identityFiles: [],
    identitiesOnly: false,
    identityAgent: undefined,
    certificateFiles: [],
    knownHostsFiles: [join(ssh, 'known_hosts'), join(ssh, 'known_hosts2')],
    globalKnownHostsFiles: ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'],
    hostKeyAlias: undefined,
    strictHostKeyChecking: 'ask',
    proxyJump: [],
    proxyCommand: undefined,
    connectTimeoutMs: undefined,
  };
}

/** Takes one keyword of ssh_config; those that mean nothing here are passed over. */
function apply(settings: SshSettings, keyword: string, value: string): void {
  const none = value.toLowerCase() === 'none';
  switch (keyword.toLowerCase()) {
    case 'hostname':
      settings.hostname = value;
      break;
    case 'port':
      settings.port = Number(value);
      break;
    case 'user':
      settings.user = value;
      break;
    case 'identityfile':
      settings.identityFiles.push(expandHome(value));
      break;
    case 'certificatefile':
      settings.certificateFiles.push(expandHome(value));
      break;
    case 'identitiesonly':
      settings.identitiesOnly = value === 'yes';
      break;
    case 'identityagent':
      settings.identityAgent = expandHome(value);
      break;
    case 'userknownhostsfile':
      settings.knownHostsFiles = none ? [] : value.split(/\s+/).map(expandHome);
      break;
    case 'globalknownhostsfile':
      settings.globalKnownHostsFiles = none ? [] : value.split(/\s+/).map(expandHome);
      break;
    case 'hostkeyalias':
      settings.hostKeyAlias = value;
      break;
    case 'stricthostkeychecking':
      settings.strictHostKeyChecking = strictness[value.toLowerCase()] ?? value.toLowerCase();
      break;
    case 'proxyjump':
      settings.proxyJump = none ? [] : value.split(',').map((hop) => hop.trim().replace(/^ssh:\/\//, ''));
      settings.proxyCommand = undefined;
      break;
    case 'proxycommand':
      settings.proxyCommand = none ? undefined : value;
      settings.proxyJump = [];
      break;
    case 'connecttimeout':
      settings.connectTimeoutMs = none ? undefined : Number(value) * 1000;
      break;
  }
}

/** `ssh -G` writes yes and no as true and false; off is an alias. */
const strictness: Record<string, string> = { true: 'yes', false: 'no', off: 'no' };

function forget(settings: SshSettings, keyword: string): void {
  if (keyword.toLowerCase() === 'identityfile') {
    settings.identityFiles = [];
  }
}

/** `~/` at the start, and quotes, as ssh_config takes them. */
export function expandHome(path: string): string {
  const unquoted = path.replace(/^"(.*)"$/, '$1');
  return unquoted.startsWith('~/') ? join(homedir(), unquoted.slice(2)) : unquoted.replaceAll('%d', homedir());
}

let configured: boolean | undefined;

/** Distributions ship an ssh_config that changes nothing we look at; 5 ms of `ssh -G` per host are then saved. */
function hasConfig(): boolean {
  configured ??=
    existsSync(join(homedir(), '.ssh', 'config')) ||
    ['/etc/ssh/ssh_config', ...inDirectory('/etc/ssh/ssh_config.d')].some(changesSomething);
  return configured;
}

const harmless =
  /^\s*(#|$|Host \*\s*$|Include \/etc\/ssh\/ssh_config\.d\/|(SendEnv|HashKnownHosts|GSSAPI\w+|ForwardX11\w*)\s)/i;

function changesSomething(file: string): boolean {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .some((line) => !harmless.test(line));
  } catch {
    return false;
  }
}

function inDirectory(directory: string): string[] {
  try {
    return readdirSync(directory).map((name) => join(directory, name));
  } catch {
    return [];
  }
}

/** `ssh -G` honours Include, Match and tokens. Undefined when no ssh is installed. */
function askSsh(wishes: SshWishes): Promise<[string, string][] | undefined> {
  const flags = Object.entries(wishes.options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  const user = wishes.user === undefined ? [] : ['-l', wishes.user];
  return new Promise((resolve, reject) => {
    execFile('ssh', ['-G', ...flags, ...user, '--', wishes.address], { timeout: 10_000 }, (error, stdout, stderr) => {
      if (error === null) {
        resolve(stdout.trim().split('\n').map(splitKeyword));
      } else if (error.code === 'ENOENT') {
        resolve(undefined);
      } else {
        reject(new Error(`ssh_config cannot be read: ${stderr.trim() || error.message}`));
      }
    });
  });
}

async function readConfig(address: string): Promise<[string, string][]> {
  const { default: SSHConfig } = await import('ssh-config');
  const text = ['.ssh/config'].map((name) => join(homedir(), name)).concat('/etc/ssh/ssh_config');
  const all = text.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'utf8'));
  const computed = SSHConfig.parse(all.join('\n')).compute(address);
  return Object.entries(computed).flatMap(([key, value]) =>
    (Array.isArray(value) && key.toLowerCase() === 'identityfile' ? value : [[value].flat().join(' ')]).map(
      (each): [string, string] => [key, each],
    ),
  );
}

function splitKeyword(line: string): [string, string] {
  const space = line.indexOf(' ');
  return space === -1 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)];
}
