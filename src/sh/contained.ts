const MARK = '# contained\n';
const FIRST = '# contained, first\n';

/**
 * Declares that a read script leaves nothing behind that another would notice, and notices nothing that another left: it sets each variable
 * before it is used, puts `set -f` and IFS back, and changes neither directory, umask, traps, descriptors nor what is exported. It may
 * `exit` where it fails. In a message with others it then needs no subshell of its own, which is a fork: a quarter of a millisecond.
 */
export function contained(script: string): string {
  return MARK + script;
}

/** The same for one that tells what the shell was given, as `export -p` does: it runs before others have set variables that are exported. */
export function containedFirst(script: string): string {
  return FIRST + script;
}

export function isContained(script: string): boolean {
  return script.startsWith(MARK) || isFirst(script);
}

/** Whether it is to run before other contained ones. */
export function isFirst(script: string): boolean {
  return script.startsWith(FIRST);
}
