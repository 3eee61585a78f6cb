import type { RecordedResult } from './events.ts';

/** Times, what Ansible adds for its own use, and what we say besides. */
const volatile = [
  'start',
  'end',
  'delta',
  'invocation',
  'warnings',
  'deprecations',
  'exception',
  'hint',
  'false_condition',
  'ansible_job_id',
  'results_file',
  'started',
  'finished',
];
/** Said by the status already. */
const verdicts = ['failed', 'skipped', 'changed', 'unreachable'];
/** Of a host that cannot be reached, the reason is told in our own words, also for each item of a loop. */
const unreached = ['msg', 'changed', 'results'];
/** Modules whose results must have the same keys. Of all others those are compared that both sides have. */
const exact = new Set(['command', 'shell', 'raw', 'debug', 'set_fact', 'fail', 'assert', 'ping']);
/** Different on every run, or at another time. */
const momentary = ['src', 'dev', 'include', 'inode', 'atime', 'mtime', 'ctime', 'elapsed'];

/** Whose failures are told in the playbook's words, or in the program's; all others are told in our own. */
const tellsTheUsersWords = new Set(['fail', 'assert', 'command', 'shell']);

export type Unequal = readonly [path: string, theirs: unknown, mine: unknown];

/** Where two results do not say the same. */
export function unequal(theirs: RecordedResult, mine: RecordedResult): Unequal[] {
  const skip = new Set(verdicts);
  const isExact = exact.has(theirs.module);
  if (theirs.module !== 'set_fact') skip.add('ansible_facts');
  if (['failed', 'ignored'].includes(theirs.status) && !tellsTheUsersWords.has(theirs.module)) skip.add('msg');
  const isOwnWords =
    typeof theirs.result.msg === 'string' &&
    /\bThe error was: |^The error appears|^\[Errno|in the expected time frame/.test(theirs.result.msg);
  if (isOwnWords) skip.add('msg');
  if (theirs.status === 'unreachable') for (const key of unreached) skip.add(key);
  // Where a condition cannot be evaluated, ansible-core 2.14 leaves the reason here.
  if (typeof theirs.result.failed_when_result === 'string') skip.add('failed_when_result').add('msg');
  const [a, b] = [theirs, mine].map(({ result }) =>
    Object.fromEntries(Object.entries(result).filter(([key]) => !skip.has(key))),
  );
  return [...unequalValues(a, b, '')].filter(
    ([path, x, y]) =>
      isExact || (x !== undefined && y !== undefined && !momentary.includes(path.split('.').at(-1) ?? '')),
  );
}

function* unequalValues(theirs: unknown, mine: unknown, path: string): Iterable<Unequal> {
  if (isSame(theirs, mine)) return;
  if (!isContainer(theirs) || !isContainer(mine) || Array.isArray(theirs) !== Array.isArray(mine)) {
    yield [path, theirs, mine];
    return;
  }
  const [a, b] = [theirs as Record<string, unknown>, mine as Record<string, unknown>];
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    if (!volatile.includes(key) && !key.startsWith('_'))
      yield* unequalValues(a[key], b[key], path === '' ? key : `${path}.${key}`);
  }
}

function isContainer(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isTextOrNumber(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number';
}

/** Ansible 2.14 makes text of numbers and of nothing, where we keep the native type; templates of either come to the same. */
function isSame(theirs: unknown, mine: unknown): boolean {
  if (isTextOrNumber(theirs) && isTextOrNumber(mine)) return String(theirs) === String(mine);
  return theirs === mine || (theirs === '' && mine === null);
}
