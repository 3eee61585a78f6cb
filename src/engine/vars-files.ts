import { InputError, TaskError } from '../errors/errors.ts';
import type { VarLayer } from '../inventory/contract.ts';
import type { Play, VarsFile } from '../playbook/contract.ts';
import { renderValue } from '../template/template.ts';
import { UndefinedNameError } from '../template/values.ts';
import type { HostScope } from './scope.ts';

/**
 * The layers of a play's `vars_files` on one host. `around` sees what ranks below them. What names a fact is passed over until
 * facts are there, and a missing file too where no host is concerned (`isHost`), as ansible-core does it.
 */
export function varsFileLayers({ varsFiles }: Play, around: () => HostScope, isHost: boolean): readonly VarLayer[] {
  return varsFiles.flatMap((file) => {
    const names = file.names.length === 0 ? [] : namesOf(file, around());
    if (names === undefined) return [];
    const layer = loadFile(file, names);
    if (layer !== undefined || file.names.length === 0 || !isHost) return layer ?? [];
    throw new TaskError(`there is no vars file ${names.join(' or ')}`, {
      hint: 'vars_files are looked for in vars/ beside the playbook and beside it',
    });
  });
}

/** Mistakes in a file are those of the hosts that it is meant for. */
function loadFile(file: VarsFile, names: readonly string[]): VarLayer | undefined {
  try {
    return file.load(names);
  } catch (error) {
    const [first] = error instanceof InputError ? error.diagnostics : [];
    throw first === undefined ? error : new TaskError(first.message, { ...(first.span && { span: first.span }) });
  }
}

/** Undefined: it takes a name that is not there yet. */
function namesOf({ names }: VarsFile, scope: HostScope): string[] | undefined {
  try {
    return names.map((name) => String(renderValue(name, scope)));
  } catch (error) {
    if (!(error instanceof UndefinedNameError) || Object.keys(scope.parts.host.facts).length > 0) throw error;
    return undefined;
  }
}
