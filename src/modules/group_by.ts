import type { ControlModule } from './contract.ts';
import type { GroupByArgs } from './generated/group_by.ts';

export const groupBy: ControlModule<GroupByArgs> = {
  kind: 'control',
  name: 'group_by',
  run({ key, parents }, env) {
    const named = (name: string) => name.replaceAll(' ', '-');
    const [group, above] = [named(key), parents.map(named)];
    return { changed: env.addToGroup(group, above), add_group: group, parent_groups: above };
  },
};
