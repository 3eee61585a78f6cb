import type { Span } from '../errors/diagnostic.ts';
import type { Task } from './contract.ts';
import type { Findings } from './findings.ts';

const controlMachine: ReadonlySet<unknown> = new Set(['localhost', '127.0.0.1', '::1']);

/**
 * To Ansible, who a synchronize is delegated to is who sends, and the task's host still gets. From the control machine that is what
 * happens here anyway; other hosts cannot send.
 */
export function withSender(task: Task, place: Span | undefined, findings: Findings): Task {
  const { module, delegateTo } = task;
  if (module !== 'synchronize' || delegateTo === undefined) return task;
  if (!controlMachine.has(delegateTo)) {
    const hint =
      'leave delegate_to away; on one and the same host use copy with remote_src, or a command (cp -a) with creates';
    findings.error(
      'not-supported',
      'synchronize sends from the control machine only, not from a host',
      place ?? task.span,
      hint,
    );
  }
  return { ...task, delegateTo: undefined };
}
