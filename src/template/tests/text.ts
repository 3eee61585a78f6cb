import { define } from '../functions.ts';
import { str } from '../python-text.ts';
import { firstMatch, pattern } from '../regex-run.ts';
import { compareVersions } from '../versions.ts';

/** Tests on texts. */
export const textTests = {
  match: define(
    'pattern ignorecase multiline',
    (value: unknown, source: unknown, ignoreCase: unknown, multiline: unknown) =>
      matchesAtStart(str(value), str(source), ignoreCase, multiline),
  ),
  search: define(
    'pattern ignorecase multiline',
    (value: unknown, source: unknown, ignoreCase: unknown, multiline: unknown) =>
      firstMatch(pattern(str(source), { ignoreCase, multiline }), str(value)) !== undefined,
  ),
  regex: define(
    'pattern ignorecase multiline match_type',
    (value: unknown, source: unknown, ignoreCase: unknown, multiline: unknown, kind: unknown = 'search') => {
      if (kind === 'match') return matchesAtStart(str(value), str(source), ignoreCase, multiline);
      const match = firstMatch(
        pattern(kind === 'fullmatch' ? `(?:${str(source)})\\Z` : str(source), { ignoreCase, multiline }),
        str(value),
      );
      return match !== undefined && (kind !== 'fullmatch' || match.index === 0);
    },
  ),
  version: define('version operator strict version_type', compareVersions),
  version_compare: define('version operator strict version_type', compareVersions),
  lower: define(
    '',
    (value: unknown) => str(value) !== str(value).toUpperCase() && str(value) === str(value).toLowerCase(),
  ),
  upper: define(
    '',
    (value: unknown) => str(value) !== str(value).toLowerCase() && str(value) === str(value).toUpperCase(),
  ),
};

/** `\A` first, so that alternatives inside the pattern are all anchored. */
function matchesAtStart(text: string, source: string, ignoreCase: unknown, multiline: unknown): boolean {
  const flags = /^\(\?[aiLmsux]+\)/.exec(source)?.[0] ?? '';
  const anchored = `${flags}\\A(?:${source.slice(flags.length)})`;
  return firstMatch(pattern(anchored, { ignoreCase, multiline }), text) !== undefined;
}
