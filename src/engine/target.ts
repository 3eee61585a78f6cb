import { userInfo } from 'node:os';
import { TaskError } from '../errors/errors.ts';
import { splitWords } from '../modules/split-words.ts';
import type { BecomeKeywords, ConnectionKeywords } from '../playbook/contract.ts';
import { renderValue } from '../template/template.ts';
import type { Scope } from '../template/values.ts';
import type { Become, Target } from '../transport/contract.ts';
import { becomeWords, checkFlags } from './become-words.ts';
import { toBoolean } from './coerce.ts';
import type { RunRequest } from './request.ts';
import type { HostScope } from './scope.ts';

/**
 * How to get to a host: `ansible_*` variables first, of which those that name SSH win, then keywords, then the command
 * line's. Facts have no say.
 */
export function targetOf(scope: HostScope, keywords: ConnectionKeywords | undefined, request: RunRequest): Target {
  const name = scope.parts.host.name;
  const text = (...names: string[]) => firstText(scope, names);
  const keyword = (raw: unknown) => (raw === undefined ? undefined : String(renderValue(raw, scope)));
  const isImplicitLocal = !request.inventory.hosts.has(name) && ['localhost', '127.0.0.1', '::1'].includes(name);
  // As if the inventory said so: no keyword sends what is delegated to localhost over SSH.
  const assumed = isImplicitLocal ? 'local' : (keyword(keywords?.connection) ?? 'ssh');
  const connection = text('ansible_connection') ?? assumed;
  if (!['ssh', 'local', 'smart', 'paramiko'].includes(connection)) {
    throw new TaskError(`connection '${connection}' of host ${name} is not supported`, { hint: 'use ssh or local' });
  }
  const port = text('ansible_ssh_port', 'ansible_port') ?? keyword(keywords?.port);
  const password = text('ansible_ssh_password', 'ansible_ssh_pass', 'ansible_password') ?? request.defaults.password;
  if (password) request.addSecret(password);
  return {
    name,
    connection: connection === 'local' ? 'local' : 'ssh',
    address: text('ansible_ssh_host', 'ansible_host') ?? name,
    port: port === undefined ? undefined : Number(port),
    user: text('ansible_ssh_user', 'ansible_user') ?? keyword(keywords?.remoteUser) ?? request.defaults.user,
    password,
    privateKeyFile: text('ansible_ssh_private_key_file', 'ansible_private_key_file') ?? request.defaults.privateKeyFile,
    sshOptions: sshOptions(text('ansible_ssh_common_args'), text('ansible_ssh_extra_args')),
    acceptNewHostKeys: request.acceptNewHostKeys,
    connectTimeoutMs: request.defaults.connectTimeoutMs,
    agentSocket: request.defaults.agentSocket,
  };
}

/** `-o Key=Value`, `-o 'Key Value'` and `-J host` of ssh arguments; others cannot be honoured and are refused by name. */
export function sshOptions(...texts: (string | undefined)[]): Record<string, string> {
  const words = texts.flatMap((text) => (text === undefined ? [] : splitWords(text)));
  const options: Record<string, string> = {};
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    const flag = word.slice(0, 2);
    if (flag !== '-o' && flag !== '-J') {
      throw new TaskError(`ssh argument '${word}' cannot be honoured`, {
        hint: 'of ansible_ssh_common_args, -o Key=Value and -J host are',
      });
    }
    const value = word.length > 2 ? word.slice(2) : (words[++index] ?? '');
    const [, key = '', setting = ''] = /^\s*(\w+)\s*[=\s]\s*(.*)$/s.exec(value) ?? [];
    options[flag === '-J' ? 'ProxyJump' : key] = flag === '-J' ? value : setting;
  }
  return options;
}

/** Variables among which it is known what a host says of itself. */
export type TrustedScope = Scope & Pick<HostScope, 'lookupTrusted'>;

/** What of a run has a say in who is become. */
interface BecomeRequest extends Pick<RunRequest, 'addSecret'> {
  readonly defaults: Pick<RunRequest['defaults'], 'become' | 'becomeUser' | 'becomeMethod' | 'becomePassword'>;
}

/** Who a task runs as; `undefined`: the user who connected. */
export function becomeOf(
  task: BecomeKeywords,
  scope: Scope,
  connecting: TrustedScope,
  target: Target,
  request: BecomeRequest,
): Become | undefined {
  const { defaults } = request;
  const wanted = connecting.lookupTrusted('ansible_become') ?? renderValue(task.become, scope) ?? defaults.become;
  if (!toBoolean(wanted)) return undefined;
  const user =
    firstText(connecting, ['ansible_become_user']) ??
    textOf(renderValue(task.becomeUser, scope)) ??
    defaults.becomeUser ??
    'root';
  if (user === loginOf(target)) return undefined;
  const method =
    firstText(connecting, ['ansible_become_method']) ??
    textOf(renderValue(task.becomeMethod, scope)) ??
    defaults.becomeMethod ??
    'sudo';
  if (method !== 'sudo' && method !== 'su' && method !== 'doas') {
    throw new TaskError(`become_method '${method}' is not supported`, { hint: 'use sudo, su or doas' });
  }
  const password = firstText(connecting, ['ansible_become_password', 'ansible_become_pass']) ?? defaults.becomePassword;
  if (password) request.addSecret(password);
  const words = (name: 'become_exe' | 'become_flags', raw: unknown) =>
    becomeWords(name, firstText(connecting, [`ansible_${name}`]) ?? textOf(renderValue(raw, scope)));
  const exe = words('become_exe', task.becomeExe);
  const flags = words('become_flags', task.becomeFlags);
  checkFlags(method, flags);
  return { method, user, password, ...(exe && { exe }), ...(flags && { flags }) };
}

/**
 * Root for what the run itself keeps on a host where tasks become anybody, whomever `ansible_become_user` names for them. `isWanted`
 * is for where `ansible_become` says nothing.
 */
export function rootOf(
  scope: TrustedScope,
  target: Target,
  request: BecomeRequest,
  isWanted = true,
): Become | undefined {
  const keywords = { become: isWanted, becomeUser: 'root', becomeMethod: undefined };
  const become = becomeOf(keywords, scope, scope, target, request);
  if (become === undefined || loginOf(target) === 'root') return undefined;
  return { ...become, user: 'root' };
}

function loginOf(target: Target): string | undefined {
  return target.connection === 'local' ? userInfo().username : target.user;
}

function firstText(scope: TrustedScope, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = textOf(scope.lookupTrusted(name));
    if (value !== undefined) return value;
  }
  return undefined;
}

function textOf(value: unknown): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : String(value);
}

/** The same become on another host, with that host's own password and method. */
export function connectingBecome(
  become: Become | undefined,
  scope: HostScope,
  play: ConnectionKeywords,
  request: RunRequest,
): Become | undefined {
  if (!become) return undefined;
  const keywords = {
    become: true,
    becomeUser: become.user,
    becomeMethod: become.method,
    becomeExe: become.exe?.join(' '),
    becomeFlags: become.flags?.join(' '),
  };
  return becomeOf(keywords, scope, scope, targetOf(scope, play, request), request);
}
