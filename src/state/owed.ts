import { createHash } from 'node:crypto';
import { TEXTS_FUNCTION } from '../sh/builtin-reads.ts';
import { contained } from '../sh/contained.ts';
import { quote } from '../sh/quote.ts';
import { MAKE_STATE_DIR, SET_STATE_DIR } from './state-dir.ts';

/** A handler that a change made necessary and that has not run yet. It outlives crashes and failed plays on its host. */
export interface Owed {
  readonly key: string;
  readonly handler: string;
  readonly playbook: string;
  /** ISO 8601, for people. */
  readonly since: string;
}

/** A handler is known by its name and rendered arguments: the same work, whichever play it stands in. */
export function owedKey(handler: string, args: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify([handler, args]))
    .digest('hex')
    .slice(0, 24);
}

/** Prints a line of JSON for each owed handler. */
export const READ_OWED = contained(`${TEXTS_FUNCTION}
${SET_STATE_DIR}
for F in "$D"/owed/*.json; do [ -f "$F" ] && texts "$F"; done
true`);

export function parseOwed(output: string): Owed[] {
  return output.split('\n').flatMap((line) => {
    try {
      const parsed: unknown = JSON.parse(line);
      return isOwed(parsed) ? [parsed] : [];
    } catch {
      return [];
    }
  });
}

/** Written before the change that owes them; names and paths only, never arguments, since those may hold secrets. */
export function recordOwedScript(owed: readonly Owed[]): string {
  const writes = owed.map(
    (one) =>
      `printf '%s\\n' ${quote(JSON.stringify(one))} >"$D/owed/.$$" && mv -f "$D/owed/.$$" "$D/owed/${one.key}.json" || exit 1`,
  );
  return [SET_STATE_DIR, `${MAKE_STATE_DIR} && mkdir -p "$D/owed" || exit 1`, ...writes].join('\n');
}

export function strikeOffScript(keys: readonly string[]): string {
  return `${SET_STATE_DIR}\nrm -f ${keys.map((key) => `"$D/owed/${key}.json"`).join(' ')}`;
}

function isOwed(value: unknown): value is Owed {
  return (
    typeof value === 'object' &&
    value !== null &&
    'key' in value &&
    /^[0-9a-f]{24}$/.test(String(value.key)) &&
    'handler' in value &&
    typeof value.handler === 'string' &&
    'playbook' in value &&
    typeof value.playbook === 'string'
  );
}
