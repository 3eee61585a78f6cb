import type { ControlModule } from './contract.ts';
import type { AddHostArgs } from './generated/add_host.ts';

export const addHost: ControlModule<AddHostArgs> = {
  kind: 'control',
  name: 'add_host',
  run({ name: written, groups, ...vars }, env) {
    const [, name = written, port] = /^([^:]+|\[.+\]):(\d+)$/.exec(written) ?? [];
    const all = port === undefined ? vars : { ...vars, ansible_port: Number(port) };
    const changed = env.addHost(name, groups ?? [], all);
    return { changed, add_host: { host_name: name, groups: [...(groups ?? [])], host_vars: all } };
  },
};
