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
  uri: define('schemes', isUri),
  url: define('schemes', isUrl),
  urn: define('', (value: unknown) => schemeOf(value) === 'urn'),
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

const schemeOf = (value: unknown) => /^([a-z][a-z0-9+.-]*):/i.exec(str(value))?.[1]?.toLowerCase() ?? '';

/** Every text is one, unless schemes were asked for: that is what Ansible makes of Python's urlparse. */
function isUri(value: unknown, schemes: unknown): boolean {
  return !Array.isArray(schemes) || schemes.length === 0 || schemes.map(str).includes(schemeOf(value));
}

function isUrl(value: unknown, schemes: unknown): boolean {
  return (
    isUri(value, schemes) && (schemeOf(value) === 'file' || /^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/?#]/i.test(str(value)))
  );
}

/** `\A` first, so that alternatives inside the pattern are all anchored. */
function matchesAtStart(text: string, source: string, ignoreCase: unknown, multiline: unknown): boolean {
  const flags = /^\(\?[aiLmsux]+\)/.exec(source)?.[0] ?? '';
  const anchored = `${flags}\\A(?:${source.slice(flags.length)})`;
  return firstMatch(pattern(anchored, { ignoreCase, multiline }), text) !== undefined;
}
