import type { Span } from '../errors/diagnostic.ts';
import { TaskError } from '../errors/errors.ts';
import { isExpression } from '../playbook/arguments.ts';
import { isTemplate } from '../playbook/coerce.ts';
import type { Task } from '../playbook/contract.ts';
import { spanInText } from '../playbook/text-position.ts';
import { spanOf } from '../source/positions.ts';
import { renderValue } from '../template/template.ts';
import { TemplateError, UndefinedNameError, Unknown } from '../template/values.ts';
import { OMIT } from './magic.ts';
import type { HostScope } from './scope.ts';

/** A task's arguments with the variables of a host; what came to `omit` is left out. Throws TaskError with the place. */
export function renderArgs(task: Task, scope: HostScope): Record<string, unknown> {
  const rendered: Record<string, unknown> = {};
  for (const [key, raw] of Object.entries(task.args)) {
    try {
      // An expression is evaluated, never rendered first: what it names may come from a host.
      const value = isExpression(task.module, key) ? raw : withoutOmitted(renderValue(raw, scope));
      if (value !== OMIT) rendered[nameOf(task, key, scope)] = value;
    } catch (error) {
      throw withPlace(error, raw, spanOf(task.args, key) ?? task.span);
    }
  }
  return rendered;
}

/** The name of a fact may be a template; those of arguments are what they are. */
function nameOf(task: Task, key: string, scope: HostScope): string {
  if (task.module !== 'set_fact' || !isTemplate(key)) return key;
  const name = renderValue(key, scope);
  if (name instanceof Unknown)
    throw new TaskError(`set_fact: which name it sets is not known in check mode: ${name.why}`);
  return String(name);
}

/** The template's own place, to the character where it is known. */
function withPlace(error: unknown, raw: unknown, span: Span): unknown {
  if (!(error instanceof UndefinedNameError || error instanceof TemplateError)) return error;
  const at = typeof raw === 'string' && error.offset !== undefined ? spanInText(span, raw, error.offset) : span;
  return new TaskError(error.message, { span: at });
}

function withoutOmitted(value: unknown): unknown {
  if (Array.isArray(value))
    return value.some(holdsOmit) ? value.filter((entry) => entry !== OMIT).map(withoutOmitted) : value;
  if (!isPlainObject(value) || !Object.values(value).some(holdsOmit)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, entry]) => entry !== OMIT)
      .map(([key, entry]) => [key, withoutOmitted(entry)]),
  );
}

function holdsOmit(value: unknown): boolean {
  if (value === OMIT) return true;
  if (Array.isArray(value)) return value.some(holdsOmit);
  return isPlainObject(value) && Object.values(value).some(holdsOmit);
}

/** The first value anywhere in it that only the real run can know. */
export function findUnknown(value: unknown): Unknown | undefined {
  if (value instanceof Unknown) return value;
  if (Array.isArray(value) || isPlainObject(value)) {
    for (const entry of Object.values(value)) {
      const found = findUnknown(entry);
      if (found) return found;
    }
  }
  return undefined;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));
}
