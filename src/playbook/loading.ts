import { dirname, resolve } from 'node:path';
import type { Diagnostic, Span } from '../errors/diagnostic.ts';
import type { VarLayer } from '../inventory/contract.ts';
import { spanOf } from '../source/positions.ts';
import { loadYaml } from '../source/yaml-file.ts';
import type { Handler } from './contract.ts';
import { Findings } from './findings.ts';
import { forgetLines } from './text-position.ts';

/** A handler's name in a `notify`, to be held against the handlers when the play is whole. */
export interface Notification {
  readonly name: string;
  readonly span: Span | undefined;
}

/** What the files of a play bring to the whole of it, while it is read. */
export class PlayParts {
  readonly notifications: Notification[] = [];
  /** Of roles, in the order in which they are met. */
  readonly roleHandlers: Handler[] = [];
  readonly roleDefaults: VarLayer[] = [];
  readonly roleVars: VarLayer[] = [];
  /** Of roles that are included during the run, as far as they are known: names that may be notified. */
  readonly foreseenHandlers: Handler[] = [];
  /** A role whose name is not known before the run may bring any handler. */
  hasUnforeseenHandlers = false;
  /** Levels 12 and 14 of the play itself, as far as they are known. */
  readonly playVars: readonly VarLayer[];

  constructor(playVars: readonly VarLayer[] = []) {
    this.playVars = playVars;
  }
}

/** A role around what is being read: its tasks and handlers may name files that lie in it, and roles that lie beside it. */
export interface RoleAround {
  readonly dir: string;
  readonly folder: 'tasks' | 'handlers';
}

interface Around {
  readonly findings: Findings;
  readonly play: PlayParts;
  readonly role: RoleAround | undefined;
  readonly extraVars: VarLayer;
}

const noExtraVars: VarLayer = { origin: 'extra vars', vars: {} };

/** What all parts of one playbook share while it is loaded. */
export class Loading {
  readonly findings: Findings;
  readonly playbookDir: string;
  /** Files being read, outermost first, to find those that import themselves. */
  readonly stack: readonly string[];
  /** Of the play that is being read. */
  readonly play: PlayParts;
  readonly role: RoleAround | undefined;
  readonly extraVars: VarLayer;

  private readonly values: Map<string, unknown>;

  constructor(playbookDir: string, stack: readonly string[], outer?: Loading, around: Partial<Around> = {}) {
    this.playbookDir = playbookDir;
    this.stack = stack;
    this.findings = around.findings ?? outer?.findings ?? new Findings();
    this.play = around.play ?? outer?.play ?? new PlayParts();
    this.role = 'role' in around ? around.role : outer?.role;
    this.extraVars = around.extraVars ?? outer?.extraVars ?? noExtraVars;
    this.values = outer?.values ?? new Map();
  }

  /** The same files, for a play of its own with these variables: its directory is that of the file it stands in. */
  forPlay(vars: readonly VarLayer[]): Loading {
    return new Loading(this.dir, this.stack, this, { play: new PlayParts(vars) });
  }

  /** The same place, with what it brings to the play kept apart. */
  apart(): Loading {
    return new Loading(this.playbookDir, this.stack, this, { play: this.anewPlay() });
  }

  inRole(role: RoleAround): Loading {
    return new Loading(this.playbookDir, this.stack, this, { role });
  }

  /** The same place, read during the run: what is found and what it brings to the play is kept apart. */
  anew(): Loading {
    return new Loading(this.playbookDir, this.stack, this, { findings: new Findings(), play: this.anewPlay() });
  }

  /** The same place, for files that may have changed, or have been read with other passwords: read anew and kept apart. */
  afresh(): Loading {
    return new Loading(this.playbookDir, this.stack, undefined, { role: this.role, extraVars: this.extraVars });
  }

  private anewPlay(): PlayParts {
    return new PlayParts(this.play.playVars);
  }

  get file(): string {
    return this.stack.at(-1) ?? '';
  }

  get dir(): string {
    return dirname(this.file);
  }

  /** The same loading, inside another file. Undefined, with a finding, when that file is being read already. */
  enter(file: string, span: Span | undefined): Loading | undefined {
    if (this.stack.includes(file)) {
      this.findings.error('import-cycle', `${file} imports itself`, span, this.stack.join(' → '));
      return undefined;
    }
    return new Loading(this.playbookDir, [...this.stack, file], this);
  }

  /** The value of a YAML file; `undefined` when it could not be read at all. A file named by several plays is read once. */
  read(file: string, span: Span | undefined): unknown {
    if (!this.values.has(file)) this.values.set(file, this.load(file, span));
    return this.values.get(file);
  }

  private load(file: string, span: Span | undefined): unknown {
    forgetLines();
    const { value, documents, diagnostics } = loadYaml(file);
    const unreadable = diagnostics.find(({ code }) => code === 'unreadable-file');
    if (unreadable !== undefined && span !== undefined) {
      this.findings.error('unreadable-file', `${file} ${unreadable.message}`, span);
      return undefined;
    }
    this.findings.add(diagnostics);
    if (documents.length > 1) {
      this.findings.error(
        'two-documents',
        'one YAML document is expected here, a second one follows',
        spanOf(documents[1]) ?? span,
      );
    }
    return value === null && diagnostics.some(isError) ? undefined : value;
  }

  /** A file of tasks named in this one, where Ansible looks for it: in the role, beside this file, beside the playbook. */
  resolve(name: string): readonly string[] {
    const inRole = this.role === undefined ? [] : [resolve(this.role.dir, this.role.folder, name)];
    return [...new Set([...inRole, resolve(this.dir, name), resolve(this.playbookDir, name)])];
  }
}

function isError({ severity }: Diagnostic): boolean {
  return severity === 'error';
}
