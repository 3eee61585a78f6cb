import type { Module } from './contract.ts';

/** Each module is loaded when a task first uses it. */
const loaders: Readonly<Record<string, () => Promise<Module>>> = {
  add_host: async () => (await import('./add_host.ts')).addHost,
  apk: async () => (await import('./apk.ts')).apk,
  apt: async () => (await import('./apt.ts')).apt,
  assert: async () => (await import('./assert.ts')).assert,
  command: async () => (await import('./command.ts')).command,
  copy: async () => (await import('./copy.ts')).copy,
  debug: async () => (await import('./debug.ts')).debug,
  dnf: async () => (await import('./dnf.ts')).dnf,
  fail: async () => (await import('./fail.ts')).fail,
  file: async () => (await import('./file.ts')).file,
  get_url: async () => (await import('./get_url.ts')).getUrl,
  group: async () => (await import('./group.ts')).group,
  group_by: async () => (await import('./group_by.ts')).groupBy,
  package: async () => (await import('./package.ts')).packageAny,
  include_role: async () => (await import('./include_role.ts')).includeRole,
  include_tasks: async () => (await import('./include_tasks.ts')).includeTasks,
  include_vars: async () => (await import('./include_vars.ts')).includeVars,
  ping: async () => (await import('./ping.ts')).ping,
  raw: async () => (await import('./raw.ts')).raw,
  redis_backup: async () => (await import('./redis_backup.ts')).redisBackup,
  redis_build: async () => (await import('./redis_build.ts')).redisBuild,
  redis_cluster: async () => (await import('./redis_cluster.ts')).redisCluster,
  redis_command: async () => (await import('./redis_command.ts')).redisCommand,
  redis_config: async () => (await import('./redis_config.ts')).redisConfig,
  redis_host: async () => (await import('./redis_host.ts')).redisHost,
  redis_info: async () => (await import('./redis_info.ts')).redisInfo,
  redis_reach: async () => (await import('./redis_reach.ts')).redisReach,
  redis_restore: async () => (await import('./redis_restore.ts')).redisRestore,
  redis_rolling: async () => (await import('./redis_rolling.ts')).redisRolling,
  redis_server: async () => (await import('./redis_server.ts')).redisServer,
  service: async () => (await import('./service.ts')).service,
  set_fact: async () => (await import('./set_fact.ts')).setFact,
  setup: async () => (await import('./setup.ts')).setup,
  shell: async () => (await import('./shell.ts')).shell,
  stat: async () => (await import('./stat.ts')).stat,
  sysctl: async () => (await import('./sysctl.ts')).sysctl,
  systemd: async () => (await import('./systemd.ts')).systemd,
  template: async () => (await import('./template.ts')).template,
  unarchive: async () => (await import('./unarchive.ts')).unarchive,
  user: async () => (await import('./user.ts')).user,
  wait_for: async () => (await import('./wait_for.ts')).waitFor,
  yum: async () => (await import('./yum.ts')).yum,
};

export const moduleNames: readonly string[] = Object.keys(loaders);

/** The module of a name without `ansible.builtin.`; undefined when there is none. */
export async function moduleNamed(name: string): Promise<Module | undefined> {
  return Object.hasOwn(loaders, name) ? await loaders[name]?.() : undefined;
}
