import { TaskError } from '../errors/errors.ts';
import type { ControlModule } from './contract.ts';
import type { SetFactArgs } from './generated/set_fact.ts';

export const setFact: ControlModule<SetFactArgs> = {
  kind: 'control',
  name: 'set_fact',
  run({ cacheable, ...facts }) {
    const names = Object.keys(facts);
    if (names.length === 0) throw new TaskError('set_fact: no variable given');
    const wrong = names.find((name) => !/^[A-Za-z_]\w*$/.test(name));
    if (wrong !== undefined) {
      throw new TaskError(`set_fact: ${JSON.stringify(wrong)} is no variable name`, {
        hint: 'letters, digits and underscores only, not starting with a digit',
      });
    }
    return { changed: false, ansible_facts: facts, ...(cacheable && { _cacheable: true }) };
  },
};
