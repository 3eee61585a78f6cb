import { quote } from '../sh/quote.ts';
import { writeFileScript } from '../sh/write-file.ts';
import type { WantedAttributes } from './file-attributes.ts';
import { formatMode } from './mode.ts';

interface InstallRequest extends WantedAttributes {
  readonly path: string;
  readonly bytes: number;
  /** A file of the host to take the content from, as a quoted word; without it the script's stdin. */
  readonly from?: string | undefined;
  /** Command that must accept the new file before it gets its name; `%s` is the file. */
  readonly validate?: string | undefined;
  /** Keep what stands there, by hard link or copy; its name is printed after `backup:`. */
  readonly backup?: boolean | undefined;
  /** Write through a symbolic link. */
  readonly follow?: boolean | undefined;
}

/** sh that makes a file wholly new under its name, with Ansible's `validate` and `backup`. */
export function installScript({ from, validate, backup, bits, ...file }: InstallRequest): string {
  const checks = [
    ...(validate === undefined ? [] : [`{ ${validate.replaceAll('%s', '"$T"')}\n} </dev/null >&2 || exit`]),
    ...(backup ? [backupLines(file.path)] : []),
  ];
  const script = writeFileScript({
    ...file,
    mode: formatMode(bits),
    validate: checks.length === 0 ? undefined : checks.join('\n'),
  });
  return from === undefined ? script : `exec <${from} || exit\n${script}`;
}

function backupLines(path: string): string {
  const word = quote(path);
  return `if [ -e ${word} ]; then
  b=${word}.$$.$(date +%Y-%m-%d@%H:%M:%S)~
  cp -p -- ${word} "$b" && printf 'backup:%s\\0' "$b" || exit
fi`;
}

/** The name that `backup` printed, and what follows it. */
export function splitBackup(stdout: string): { readonly backup: string | undefined; readonly rest: string } {
  const end = stdout.indexOf('\0');
  if (!stdout.startsWith('backup:') || end < 0) return { backup: undefined, rest: stdout };
  return { backup: stdout.slice('backup:'.length, end), rest: stdout.slice(end + 1) };
}
