import { checkSize } from '../budget.ts';
import { define } from '../functions.ts';
import { Tuple } from '../kinds.ts';
import { toIndex } from '../numbers.ts';
import { str } from '../python-text.ts';
import { expander, groupOf } from '../regex-expand.ts';
import { firstMatch, matches, pattern } from '../regex-run.ts';
import { TemplateError } from '../values.ts';

/** Python's `re`, as Ansible's filters offer it. */
export const regexFilters = {
  regex_replace: define('pattern replacement ignorecase multiline count mandatory_count', replace),
  regex_search: define('*regex ignorecase multiline', search),
  regex_findall: define(
    'regex multiline ignorecase',
    (value: unknown, regex: unknown, multiline: unknown, ignoreCase: unknown) =>
      matches(pattern(str(regex), { ignoreCase, multiline }), str(value)).map((match) => {
        if (match.length === 1) return match[0];
        return match.length === 2 ? (match[1] ?? '') : Tuple.make([...match].slice(1).map((group) => group ?? ''));
      }),
  ),
  regex_escape: define('re_type', (value: unknown, type: unknown = 'python') => {
    if (type === 'posix_basic') return str(value).replace(/[[\].^$*\\]/g, '\\$&');
    if (type !== 'python') throw new TemplateError(`regex_escape: the type '${str(type)}' is not known`);
    return str(value).replace(/[()[\]{}?*+\-|^$\\.&~# \t\n\r\v\f]/g, '\\$&');
  }),
};

function replace(
  value: unknown,
  regex: unknown = '',
  replacement: unknown = '',
  ignoreCase?: unknown,
  multiline?: unknown,
  count: unknown = 0,
  mandatory: unknown = 0,
): string {
  const text = str(value);
  const limit = toIndex(count, 'count') || Infinity;
  const found = matches(pattern(str(regex), { ignoreCase, multiline }), text, limit);
  const wanted = toIndex(mandatory, 'mandatory_count');
  if (wanted > 0 && found.length !== wanted) {
    throw new TemplateError(`'${str(regex)}' should match ${wanted} times, but matches ${found.length} times`);
  }
  const expand = expander(str(replacement));
  let result = '';
  let at = 0;
  for (const match of found) {
    result += text.slice(at, match.index) + expand(match);
    at = match.index + match[0].length;
    checkSize(result.length);
  }
  return result + text.slice(at);
}

/** The whole match, or the groups asked for by `'\\1'` or `'\\g<name>'`; None when nothing matches. */
function search(value: unknown, positional: readonly unknown[], ignoreCase?: unknown, multiline?: unknown): unknown {
  const [regex, ...groups] = positional;
  const match = firstMatch(pattern(str(regex), { ignoreCase, multiline }), str(value));
  if (match === undefined) return null;
  if (groups.length === 0) return match[0];
  return groups.map((group) => {
    const wanted = /^\\(?:g<(\w+)>|(\d+))$/.exec(str(group));
    if (wanted === null)
      throw new TemplateError(`regex_search: '${str(group)}' is no group such as '\\\\1' or '\\\\g<name>'`);
    return groupOf(match, wanted[1] ?? wanted[2] ?? '');
  });
}
