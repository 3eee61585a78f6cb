import type { VarLayer } from '../inventory/contract.ts';
import type { Role } from '../playbook/contract.ts';
import { wordTruth } from '../template/source-text.ts';
import { renderValue } from '../template/template.ts';
import type { LazyMap, Scope } from '../template/values.ts';
import { TemplateError } from '../template/values.ts';
import type { HostState } from './host-state.ts';

/** Reading ahead met a name that a task in between will set: the fused read ends there. */
export class NotYetKnown extends Error {
  override readonly name = 'NotYetKnown';
}

/** The variables that one task sees on one host, by Ansible's levels. */
export interface ScopeParts {
  readonly host: HostState;
  /** Levels 3 to 10, lowest first. */
  readonly inventory: readonly VarLayer[];
  /** Level 2: of roles. */
  readonly defaults: readonly VarLayer[];
  /** Levels 12 to 15: of the play, of roles. Asked for late, since which files of variables there are may depend on the host. */
  readonly play: () => readonly VarLayer[];
  /** Levels 16 and 17, outermost first. */
  readonly task: readonly VarLayer[];
  /** Levels 20 and 21. */
  readonly params: readonly VarLayer[];
  /** The role that the task belongs to. */
  readonly role: Role | undefined;
  /** Level 22. */
  readonly extra: VarLayer;
  /** Loop variables: data, above everything. */
  readonly local: ReadonlyMap<string, unknown>;
  /** Special variables of the engine. */
  readonly magic: (name: string, scope: HostScope) => unknown;
  readonly magicNames: readonly string[];
  /** Names that tasks between now and the one that is read ahead will set. */
  readonly pending: ReadonlySet<string> | undefined;
  /** Called with the values of variables whose names say that they are secret. */
  readonly onSecret: (value: string) => void;
  readonly baseDir: string | undefined;
  /** How many `hostvars` lookups led here. */
  readonly depth: number;
}

const SECRET_NAME = /(password|passwd|_pass|secret|token|passphrase)$/i;
const DEEPEST_HOSTVARS = 50;

export class HostScope implements Scope {
  readonly parts: ScopeParts;
  readonly baseDir: string | undefined;
  readonly #known = new Map<string, unknown>();
  readonly #evaluating = new Set<string>();

  constructor(parts: ScopeParts) {
    if (parts.depth > DEEPEST_HOSTVARS)
      throw new TemplateError('variables refer to each other through hostvars without end');
    this.parts = parts;
    this.baseDir = parts.baseDir;
  }

  lookup(name: string): unknown {
    return this.#value(name, true);
  }

  /** The same without facts: what a host says can never choose how it is connected to or who tasks run as. */
  lookupTrusted(name: string): unknown {
    return this.#value(name, false);
  }

  /** A scope with more loop variables. */
  with(local: Iterable<[string, unknown]>): HostScope {
    return new HostScope({ ...this.parts, local: new Map([...this.parts.local, ...local]) });
  }

  *names(): Iterable<string> {
    const { parts } = this;
    yield* parts.local.keys();
    yield* parts.magicNames;
    yield* parts.host.setFacts.keys();
    const { host, extra, params, task, play, inventory, defaults } = parts;
    for (const layer of [extra, ...params, ...host.includedVars, ...task, ...play(), ...inventory, ...defaults])
      yield* Object.keys(layer.vars);
    for (const fact of Object.keys(parts.host.facts)) yield `ansible_${fact}`;
  }

  /** All variables as one map (`vars`, `hostvars[host]`). */
  asMap(): LazyMap {
    return {
      lazyMap: true,
      get: (key) => this.lookup(key),
      has: (key) => this.lookup(key) !== undefined,
      keys: () => [...new Set(this.names())],
    };
  }

  wordTruth(name: string): boolean | undefined {
    const found = this.#find(name, true);
    return found !== undefined && 'vars' in found ? wordTruth(found.vars, name) : undefined;
  }

  #value(name: string, facts: boolean): unknown {
    const found = this.#find(name, facts);
    if (found === undefined) return undefined;
    return 'vars' in found ? this.#rendered(name, found) : found.value;
  }

  /** The layer that has the name, or its value where that is none of a source file. */
  #find(name: string, facts: boolean): VarLayer | { readonly value: unknown } | undefined {
    const { parts } = this;
    if (parts.local.has(name)) return { value: parts.local.get(name) };
    if (parts.pending?.has(name)) throw new NotYetKnown(name);
    const magic = parts.magic(name, this);
    if (magic !== undefined) return { value: magic };
    if (Object.hasOwn(parts.extra.vars, name)) return parts.extra;
    const param = layerWith(name, parts.params);
    if (param) return param;
    if (parts.host.setFacts.has(name)) return { value: parts.host.setFacts.get(name) };
    const layer =
      layerWith(name, parts.host.includedVars) ?? layerWith(name, parts.task) ?? layerWith(name, parts.play());
    if (layer) return layer;
    if (facts && name.startsWith('ansible_')) {
      const fact = name.slice('ansible_'.length);
      if (Object.hasOwn(parts.host.facts, fact)) return { value: parts.host.facts[fact] };
    }
    const lower = layerWith(name, parts.inventory) ?? layerWith(name, parts.defaults);
    if (lower) return lower;
    // What Ansible puts into templates unless it is set.
    return name === 'ansible_managed' ? { value: 'Ansible managed' } : undefined;
  }

  /** A source's value is a template until it is used; it is rendered in the scope of the task that uses it, once. */
  #rendered(name: string, layer: VarLayer): unknown {
    const raw = layer.vars[name];
    if (layer.isData) return raw;
    if (this.#known.has(name)) return this.#known.get(name);
    if (this.#evaluating.has(name)) throw new TemplateError(`variable '${name}' refers to itself`);
    this.#evaluating.add(name);
    try {
      const value = renderValue(raw, this);
      if (SECRET_NAME.test(name) && typeof value === 'string' && value !== '') this.parts.onSecret(value);
      this.#known.set(name, value);
      return value;
    } finally {
      this.#evaluating.delete(name);
    }
  }
}

function layerWith(name: string, layers: readonly VarLayer[]): VarLayer | undefined {
  return layers.findLast(({ vars }) => Object.hasOwn(vars, name));
}
