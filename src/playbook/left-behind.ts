/** Why a call cannot be left behind with `poll: 0`; undefined: it can. */
export function leftBehindProblem(module: string, args: Readonly<Record<string, unknown>>): string | undefined {
  if (module !== 'command' && module !== 'shell') return 'only command and shell can be left behind with poll: 0';
  const unknown = ['creates', 'removes'].find((name) => args[name] !== undefined);
  return unknown && `${unknown} cannot be judged for a command that is left behind with poll: 0`;
}

export const leftBehindHint = 'remove poll: the task is waited for, at most for as long as async says';
