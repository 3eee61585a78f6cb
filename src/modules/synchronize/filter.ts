/** A rule of `--exclude` or `--include`. */
export interface FilterRule {
  readonly includes: boolean;
  readonly pattern: string;
}

/** Whether what is at a path, relative to the top of the transfer, takes part. */
export type Filter = (path: string, isDirectory: boolean) => boolean;

interface Matcher {
  readonly includes: boolean;
  readonly directoriesOnly: boolean;
  readonly expression: RegExp;
}

/** rsync's rules: the first that matches decides, and what lies in a directory that is left out is left out too. */
export function filterOf(rules: readonly FilterRule[]): Filter {
  const matchers = rules.map(matcherOf);
  const passes = (path: string, isDirectory: boolean) =>
    matchers.find(({ directoriesOnly, expression }) => (isDirectory || !directoriesOnly) && expression.test(path))
      ?.includes ?? true;
  if (matchers.length === 0) return () => true;
  return (path, isDirectory) => {
    for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) {
      if (!passes(path.slice(0, end), true)) return false;
    }
    return passes(path, isDirectory);
  };
}

/**
 * A leading slash ties a pattern to the top; one with a slash or `**` within is compared with the end of the path, any other with the
 * last name. A trailing slash means directories, and `/***` a directory with all that is in it.
 */
function matcherOf({ includes, pattern }: FilterRule): Matcher {
  const withContent = pattern.endsWith('/***');
  const directoriesOnly = pattern.endsWith('/');
  const bare = withContent ? pattern.slice(0, -4) : directoriesOnly ? pattern.slice(0, -1) : pattern;
  const anchored = bare.startsWith('/');
  const text = anchored ? bare.slice(1) : bare;
  const whole = anchored || text.includes('/') || text.includes('**') || withContent;
  const before = anchored ? '^' : '(?:^|/)';
  const after = withContent ? '(?:/.*)?$' : '$';
  const expression = new RegExp(`${before}${translate(text, whole)}${after}`, 's');
  return { includes, directoriesOnly, expression };
}

/** rsync's wildcards as a regular expression; a backslash escapes only where there are wildcards. */
function translate(text: string, whole: boolean): string {
  const escapes = /[*?[]/.test(text);
  const token = /\\(.)|\*{2,}|\*|\?|\[(!|\^)?(\]?(?:\[:\w+:\]|[^\]])*)\]|[\s\S]/g;
  return text.replace(token, (found, escaped?: string, negated?: string, set?: string) => {
    if (found.startsWith('**')) return whole ? '.*' : '[^/]*';
    if (found === '*') return '[^/]*';
    if (found === '?') return '[^/]';
    if (set !== undefined) return `(?!/)[${negated === undefined ? '' : '^'}${setOf(set)}]`;
    if (escaped !== undefined) return escapes ? literal(escaped) : `\\\\${literal(escaped)}`;
    return literal(found);
  });
}

const posixClasses: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  digit: '0-9',
  lower: 'a-z',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
};

function setOf(set: string): string {
  return set.replace(/\[:(\w+):\]|[\\\]^[]/g, (found, name?: string) =>
    name === undefined ? `\\${found}` : (posixClasses[name] ?? `\\${found}`),
  );
}

const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
