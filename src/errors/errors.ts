import type { Diagnostic, Span } from './diagnostic.ts';

/** Input that cannot be used: every finding at once, before any host is contacted. Exit status 1. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((diagnostic) => diagnostic.message).join('\n'));
    this.diagnostics = diagnostics;
  }
}

/**
 * A host that cannot be reached, or whose connection was lost. Exit status 4. `hint` says what to do next. `refused`: it was
 * reached and did not let us in; another try with the same password would only help to lock the account.
 */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  readonly host: string;
  readonly hint: string | undefined;
  readonly refused: boolean;
  constructor(host: string, message: string, hint?: string, refused = false) {
    super(message);
    this.host = host;
    this.hint = hint;
    this.refused = refused;
  }
}

/** A task cannot do what it was asked on one host; the message says what, what the other side said, and what to do. */
export class TaskError extends Error {
  override readonly name = 'TaskError';
  readonly span: Span | undefined;
  readonly hint: string | undefined;
  /** What the task's result carries besides `msg`: rc, stdout, stderr… */
  readonly details: Readonly<Record<string, unknown>>;
  constructor(message: string, options: { span?: Span; hint?: string; details?: Record<string, unknown> } = {}) {
    super(message);
    this.span = options.span;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }
}

/** Another run holds a lock that this run needs. Nothing was changed. Exit status 3. */
export class LockedError extends Error {
  override readonly name = 'LockedError';
}

/** The user interrupted the run, or a limit ended it. Exit status 130. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}
