import { dirname, resolve } from 'node:path';
import type { Diagnostic, Span } from '../errors/diagnostic.ts';
import { spanOf } from '../source/positions.ts';
import { loadYaml } from '../source/yaml-file.ts';
import { Findings } from './findings.ts';
import { forgetLines } from './text-position.ts';

/** A handler's name in a `notify`, to be held against the handlers when the play is whole. */
export interface Notification {
  readonly name: string;
  readonly span: Span | undefined;
}

/** What all parts of one playbook share while it is loaded. */
export class Loading {
  readonly findings: Findings;
  readonly playbookDir: string;
  /** Files being read, outermost first, to find those that import themselves. */
  readonly stack: readonly string[];
  /** Of the play that is being read. */
  readonly notifications: Notification[];

  private readonly values: Map<string, unknown>;

  constructor(playbookDir: string, stack: readonly string[], outer?: Loading) {
    this.playbookDir = playbookDir;
    this.stack = stack;
    this.findings = outer?.findings ?? new Findings();
    this.notifications = outer?.notifications ?? [];
    this.values = outer?.values ?? new Map();
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

  /** A file named in this one, as Ansible looks for it: beside this file, then beside the playbook. */
  resolve(name: string): readonly string[] {
    return [...new Set([resolve(this.dir, name), resolve(this.playbookDir, name)])];
  }
}

function isError({ severity }: Diagnostic): boolean {
  return severity === 'error';
}
