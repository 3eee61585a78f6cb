import { nearest } from '../source/nearest.ts';
import { isTemplate } from './coerce.ts';
import { type Handler, type Task, taskOfHandler } from './contract.ts';
import type { Findings } from './findings.ts';
import type { Notification } from './loading.ts';

/** Ansible ends the whole run at the first notification of a handler that does not exist; that can be known before. */
export function checkNotifications(
  notifications: readonly Notification[],
  handlers: readonly Handler[],
  findings: Findings,
): void {
  const names = new Set(handlers.map(taskOfHandler).flatMap(namesOf));
  // A handler whose name is a template may turn out to be any.
  if ([...names].some(isTemplate)) return;
  for (const { name, span } of notifications) {
    if (isTemplate(name) || names.has(name)) continue;
    const near = nearest(name, names);
    const known = names.size === 0 ? 'the play has no handlers' : `its handlers: ${[...names].join(', ')}`;
    findings.error(
      'unknown-handler',
      `no handler of the play is called or listens to "${name}"`,
      span,
      near === undefined ? known : `did you mean "${near}"?`,
    );
  }
}

/** A role's handler may be called with the role's name, too. */
function namesOf({ name, listen, role }: Task): string[] {
  if (name === undefined) return [...listen];
  return [name, ...(role === undefined ? [] : [`${role.name} : ${name}`]), ...listen];
}
