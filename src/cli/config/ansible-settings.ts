/** A setting of Ansible's, by its section and name in ansible.cfg and its environment variable, and what does the same here. */
export interface Counterpart {
  readonly section: string;
  readonly name: string;
  readonly instead: string;
  /** Where it is not `ANSIBLE_` and the name. */
  readonly variable?: string;
}

const builtIn = 'modules, filters and lookups are built in: `rcdeploy doc`';
const inPlay = (keyword: string) => `\`${keyword}\` of the play`;
const sshOptions = 'ansible_ssh_common_args in the inventory, or ~/.ssh/config';
const noCache = 'facts are gathered anew in every run';
const noPython = 'hosts need no Python';
const noTransfer = 'modules are not copied to hosts: everything goes through the session';

const defaults: Readonly<Record<string, string>> = {
  inventory: '-i; without it, what is called `inventory` in the directory that you are in',
  remote_user: '-u, or ansible_user in the inventory',
  remote_port: 'ansible_port in the inventory',
  private_key_file: '--private-key, or ansible_ssh_private_key_file in the inventory',
  forks: '-f',
  timeout: '-T',
  ask_pass: '-k',
  ask_vault_pass: '-J',
  vault_password_file: '--vault-password-file',
  vault_identity_list: '--vault-id',
  host_key_checking: '`rcdeploy hostkeys scan`, or --accept-new-host-keys',
  roles_path: 'roles/ beside the playbook',
  library: builtIn,
  filter_plugins: builtIn,
  lookup_plugins: builtIn,
  action_plugins: builtIn,
  collections_path: builtIn,
  collections_paths: builtIn,
  callback_plugins: '--output, --log, --junit, --report and --profile',
  callbacks_enabled: '--log, --junit, --report and --profile',
  callback_whitelist: '--log, --junit, --report and --profile',
  stdout_callback: '--output',
  log_path: '--log',
  gathering: inPlay('gather_facts'),
  gather_subset: '`gather_subset` of a `setup` task',
  fact_caching: noCache,
  fact_caching_connection: noCache,
  fact_caching_timeout: noCache,
  strategy: inPlay('strategy'),
  force_handlers: '--force-handlers',
  hash_behaviour: 'variables replace each other: the filter `combine` merges',
  interpreter_python: noPython,
  remote_tmp: noTransfer,
  retry_files_enabled: 'there are no retry files: the same command again does what is missing',
  transport: 'ansible_connection in the inventory: ssh or local',
};

const escalation: Readonly<Record<string, string>> = {
  become: '-b, or ansible_become in the inventory',
  become_method: '--become-method, or ansible_become_method in the inventory',
  become_user: '--become-user, or ansible_become_user in the inventory',
  become_ask_pass: '-K',
};

const connection: Readonly<Record<string, string>> = {
  ssh_args: sshOptions,
  ssh_common_args: sshOptions,
  ssh_extra_args: sshOptions,
  pipelining: noTransfer,
  scp_if_ssh: noTransfer,
  transfer_method: noTransfer,
  control_path: 'a host is connected to once in a run, and needs no control socket',
  control_path_dir: 'a host is connected to once in a run, and needs no control socket',
};

/** Names of variables that do not follow from the setting's (Ansible's own list of configuration settings). */
const variables: Readonly<Record<string, string>> = {
  interpreter_python: 'ANSIBLE_PYTHON_INTERPRETER',
  fact_caching: 'ANSIBLE_CACHE_PLUGIN',
  fact_caching_connection: 'ANSIBLE_CACHE_PLUGIN_CONNECTION',
  fact_caching_timeout: 'ANSIBLE_CACHE_PLUGIN_TIMEOUT',
  transfer_method: 'ANSIBLE_SSH_TRANSFER_METHOD',
  control_path: 'ANSIBLE_SSH_CONTROL_PATH',
  control_path_dir: 'ANSIBLE_SSH_CONTROL_PATH_DIR',
};

export const counterparts: readonly Counterpart[] = [
  ...inSection('defaults', defaults),
  ...inSection('privilege_escalation', escalation),
  ...inSection('ssh_connection', connection),
  { section: 'diff', name: 'always', instead: '-D', variable: 'ANSIBLE_DIFF_ALWAYS' },
];

function inSection(section: string, settings: Readonly<Record<string, string>>): Counterpart[] {
  return Object.entries(settings).map(([name, instead]) => ({
    section,
    name,
    instead,
    ...(variables[name] !== undefined && { variable: variables[name] }),
  }));
}

const none = 'has no counterpart';

/** What does here what a setting of ansible.cfg does there. */
export function insteadOfSetting(section: string, name: string): string {
  return counterparts.find((one) => one.section === section && one.name === name)?.instead ?? none;
}

/** The same for an environment variable. */
export function insteadOfVariable(variable: string): string {
  const found = counterparts.find((one) => (one.variable ?? `ANSIBLE_${one.name.toUpperCase()}`) === variable);
  return found?.instead ?? none;
}
