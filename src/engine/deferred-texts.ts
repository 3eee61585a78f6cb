import { createHash } from 'node:crypto';
import { DIGEST_LATER_FUNCTION, JOINED_FUNCTION, SHORT_FUNCTION, TEXTS_FUNCTION } from '../sh/builtin-reads.ts';

/** What scripts define to print files, each by itself; see there. */
const ALONE = [DIGEST_LATER_FUNCTION, JOINED_FUNCTION, SHORT_FUNCTION, TEXTS_FUNCTION];

export function printsTexts(script: string): boolean {
  return ALONE.some((text) => script.includes(text));
}

/** The script without its own ways to print files. */
export function withoutOwnTexts(script: string): string {
  return ALONE.reduce((left, text) => left.replace(text, ''), script);
}

/**
 * The same functions for scripts that run in one shell: they only note what is to be printed, which costs microseconds, and one
 * program prints all of it at the end of the message. The shell would ask the kernel for each byte, and a program takes a
 * millisecond each time.
 */
export function deferringFunctions(marker: string): string {
  return `rcdeploy_texts= rcdeploy_count=0
rcdeploy_later() {
  rcdeploy_count=$((rcdeploy_count + 1))
  eval "rcdeploy_text_$rcdeploy_count=\\$2"
  rcdeploy_texts="$rcdeploy_texts \\"\\$rcdeploy_text_$rcdeploy_count\\""
  printf '\\n%s=%s %s\\0' '${marker}' "$1" "$2"
}
digest_later() { rcdeploy_later sha256 "$1"; }
joined() { rcdeploy_later joined "$1"; }
short() { rcdeploy_later whole "$1"; }
texts() {
  rcdeploy_many=$# rcdeploy_head='==> '
  for rcdeploy_path; do
    [ "$rcdeploy_many" = 1 ] || printf '%s%s <==\\n' "$rcdeploy_head" "$rcdeploy_path"
    rcdeploy_head='
==> '
    rcdeploy_later whole "$rcdeploy_path"
  done
}`;
}

/** Prints what was noted, with a head for each file, by which {@link fillIn} parts them, and an end. */
export const PRINT_NOTED = `eval "set -- $rcdeploy_texts"; [ $# = 0 ] || tail -n +1 -- "$@" /dev/null`;

/**
 * Puts the texts of files, or their digests, where scripts wanted them. undefined: it cannot be told where one ends, since it has the head
 * of another in it, or a digest is wanted of what is not UTF-8.
 */
export function fillIn(outputs: readonly string[], printed: string, marker: string): string[] | undefined {
  const noted = new RegExp(`\\n${marker}=(\\w+) ([^\\0]*)\\0`, 'g');
  const paths = outputs.flatMap((output) => [...output.matchAll(noted)].map(([, , path = '']) => path));
  const texts = paths.length === 0 ? [] : partTexts(printed, paths);
  if (texts === undefined) return undefined;
  let next = 0;
  let isLost = false;
  const filled = outputs.map((output) =>
    output.replace(noted, (_, kind: string) => {
      const text = texts[next++] ?? '';
      isLost ||= kind === 'sha256' && text.includes('\uFFFD');
      return shown(kind, text);
    }),
  );
  return isLost ? undefined : filled;
}

function shown(kind: string, text: string): string {
  if (kind === 'sha256') return createHash('sha256').update(text).digest('hex');
  return kind === 'joined' ? text.replaceAll('\n', '') : text;
}

function partTexts(printed: string, paths: readonly string[]): string[] | undefined {
  const names = [...new Set([...paths, '/dev/null'])].map((path) => path.replaceAll(/[.*+?^$()[\]{}|\\]/g, '\\$&'));
  const [before, ...texts] = `\n${printed}`.split(new RegExp(`\\n==> (?:${names.join('|')}) <==\\n`));
  return before === '' && texts.length === paths.length + 1 ? texts : undefined;
}
