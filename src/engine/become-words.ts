import { TaskError } from '../errors/errors.ts';
import { splitWords } from '../modules/split-words.ts';
import type { Become } from '../transport/contract.ts';

/** The words of `become_exe` or `become_flags`. They pass through the login shell of the host, whatever it is, so they are plain. */
export function becomeWords(keyword: 'become_exe' | 'become_flags', text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const words = splitWords(text);
  const wrong = words.find((word) => !/^[\w@%+=:,./-]+$/.test(word));
  if (wrong === undefined) return words.length === 0 ? undefined : words;
  throw new TaskError(`${keyword}: '${wrong}' cannot be passed on`, {
    hint: 'letters, digits and @%+=:,./_- pass through every login shell',
  });
}

/** `sudo -i` and `-s` give the command to one more shell, which would expand the session's program. */
export function checkFlags(method: Become['method'], flags: readonly string[] | undefined): void {
  if (method !== 'sudo') return;
  const shell = flags?.find((flag) => /^-[A-Za-z]*[is][A-Za-z]*$|^--(login|shell)$/.test(flag));
  if (shell === undefined) return;
  throw new TaskError(`become_flags: '${shell}' of sudo is not supported`, {
    hint: 'use -H for the home directory, and environment for variables that a login sets',
  });
}
