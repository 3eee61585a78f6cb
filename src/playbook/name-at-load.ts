import type { Span } from '../errors/diagnostic.ts';
import type { VarLayer } from '../inventory/contract.ts';
import { wordTruth } from '../template/source-text.ts';
import { renderValue } from '../template/template.ts';
import { type Scope, TemplateError, UndefinedNameError } from '../template/values.ts';
import { isTemplate } from './coerce.ts';
import type { Inherited } from './inherited.ts';
import type { Loading } from './loading.ts';

/** Variables that are known while files are read: no host is in sight yet, so none of an inventory's and no facts. */
class LoadScope implements Scope {
  readonly baseDir: string;
  readonly #layers: readonly VarLayer[];
  readonly #evaluating = new Set<string>();

  constructor(layers: readonly VarLayer[], baseDir: string) {
    this.#layers = layers;
    this.baseDir = baseDir;
  }

  lookup(name: string): unknown {
    const layer = this.#layers.findLast(({ vars }) => Object.hasOwn(vars, name));
    if (layer === undefined || layer.isData) return layer?.vars[name];
    if (this.#evaluating.has(name)) throw new TemplateError(`variable '${name}' refers to itself`);
    this.#evaluating.add(name);
    try {
      return renderValue(layer.vars[name], this);
    } finally {
      this.#evaluating.delete(name);
    }
  }

  wordTruth(name: string): boolean | undefined {
    const layer = this.#layers.findLast(({ vars }) => Object.hasOwn(vars, name));
    return layer && wordTruth(layer.vars, name);
  }

  *names(): Iterable<string> {
    for (const { vars } of this.#layers) yield* Object.keys(vars);
  }
}

/** A name of a file, playbook or role that must be known while files are read. */
interface WrittenName {
  readonly written: string;
  readonly span: Span | undefined;
  /** What the name is of, for messages. */
  readonly what: string;
  /** How the same can be had when the name is known in the run only. */
  readonly instead: string;
}

/**
 * The name with its templates rendered from the variables of the play, of the import itself and of the command line, as
 * Ansible's static imports do it. Undefined, with a finding, when it takes more than these.
 */
export function nameAtLoad(
  { written, span, what, instead }: WrittenName,
  inside: Inherited,
  loading: Loading,
): string | undefined {
  if (!isTemplate(written)) return written;
  try {
    const value = renderValue(written, new LoadScope(layersOf(inside, loading), loading.playbookDir));
    if (typeof value === 'string' && value !== '') return value;
    loading.findings.error('wrong-type', `${what} comes to ${JSON.stringify(value)}, which is no name`, span, instead);
  } catch (error) {
    if (!(error instanceof UndefinedNameError || error instanceof TemplateError)) throw error;
    loading.findings.error('not-known-yet', `${what} must be known before the run: ${error.message}`, span, instead);
  }
  return undefined;
}

/** By Ansible's levels, lowest first. */
function layersOf(inside: Inherited, { play, playbookDir, extraVars }: Loading): VarLayer[] {
  const { role } = inside;
  const special = {
    playbook_dir: playbookDir,
    ...(role && { role_path: role.dir, role_name: role.name, ansible_role_name: role.name }),
  };
  return [
    ...play.roleDefaults,
    ...(role?.defaults ?? []),
    ...play.playVars,
    ...play.roleVars,
    ...(role?.vars ?? []),
    ...inside.vars,
    ...(role?.params ?? []),
    ...inside.params,
    extraVars,
    { origin: 'special variables', vars: special, isData: true },
  ];
}
