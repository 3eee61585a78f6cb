import type { ControlModule } from './contract.ts';
import type { IncludeVarsArgs } from './generated/include_vars.ts';

/** Variables from files of the control machine, as templates: what reads them is the engine's. */
export const includeVars: ControlModule<IncludeVarsArgs> = {
  kind: 'control',
  name: 'include_vars',
  run(args, env) {
    const { files, vars } = env.readVars(args);
    const facts = args.name === undefined ? vars : { [args.name]: vars };
    return { changed: false, ansible_included_var_files: [...files], ansible_facts: facts };
  },
};
