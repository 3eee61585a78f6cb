/**
 * The rules of an ACL user in the one form in which equal ones are equal, from words of ACL SETUSER as from a line of ACL LIST. From 7.2
 * on a server keeps rules for commands as they were told, and this follows what it does with them: `+@all` and `-@all` begin anew, and a
 * rule takes the place of an earlier one for the same command or for a subcommand of it (ACLSetSelector in Redis's acl.c). Before, it
 * makes up others from what they come to, and only it can: without `commands` they are left out. Passwords, on and off
 * do not count, nor does sanitize-payload, which Valkey 9.1 tells no more.
 */
export function canonicalRules(
  words: readonly string[],
  { allChannels, commands }: { readonly allChannels: boolean; readonly commands: boolean },
): string {
  let state = initial(allChannels);
  for (const word of whole(words)) {
    const lower = word.toLowerCase();
    if (lower === 'reset') state = initial(allChannels);
    else if (lower === 'clearselectors') state.selectors = [];
    else if (lower === 'nopass') state.noPassword = true;
    else if (lower === 'resetpass' || /^[#>]/.test(word)) state.noPassword = false;
    else if (word.startsWith('(')) state.selectors.push(selectorIn(word, allChannels));
    else select(state.root, word);
  }
  const { root, selectors, noPassword } = state;
  return JSON.stringify([noPassword, ...[root, ...selectors].map((one) => told(one, commands))]);
}

interface Selector {
  /** By pattern: to read, to write, or both. */
  readonly keys: Map<string, string>;
  readonly channels: Set<string>;
  every: '+' | '-';
  commands: string[];
}

interface Rules {
  readonly root: Selector;
  selectors: Selector[];
  noPassword: boolean;
}

function initial(allChannels: boolean): Rules {
  return { root: emptySelector(allChannels), selectors: [], noPassword: false };
}

function emptySelector(allChannels: boolean): Selector {
  return { keys: new Map(), channels: new Set(allChannels ? ['&*'] : []), every: '-', commands: [] };
}

/** A selector is one word, whatever spaces are in it. */
function whole(words: readonly string[]): string[] {
  return words.join(' ').match(/\([^)]*\)|\S+/g) ?? [];
}

function selectorIn(word: string, allChannels: boolean): Selector {
  const selector = emptySelector(allChannels);
  for (const one of word.slice(1, -1).split(/\s+/)) select(selector, one);
  return selector;
}

function select(selector: Selector, word: string): void {
  const { keys, channels } = selector;
  const lower = word.toLowerCase();
  if (lower === 'allkeys') addKeys(keys, '~*');
  else if (lower === 'resetkeys') keys.clear();
  else if (lower === 'allchannels') channels.add('&*');
  else if (lower === 'resetchannels') channels.clear();
  else if (/^[~%]/.test(word)) addKeys(keys, word);
  else if (word.startsWith('&')) channels.add(word);
  else if (lower === '+@all' || lower === 'allcommands') Object.assign(selector, { every: '+', commands: [] });
  else if (lower === '-@all' || lower === 'nocommands') Object.assign(selector, { every: '-', commands: [] });
  else if (/^[+-]/.test(word)) selector.commands = [...without(selector.commands, lower.slice(1)), lower];
}

/** `~x` is `%RW~x`, and what was allowed of a pattern stays. */
function addKeys(keys: Map<string, string>, word: string): void {
  const at = word.indexOf('~');
  const pattern = word.slice(at + 1);
  const letters = at === 0 ? 'RW' : word.slice(1, at).toUpperCase();
  keys.set(pattern, [...new Set(`${keys.get(pattern) ?? ''}${letters}`)].sort().join(''));
}

function without(commands: readonly string[], command: string): string[] {
  return commands.filter((one) => one.slice(1) !== command && !one.slice(1).startsWith(`${command}|`));
}

/** Beside everything no pattern counts. */
function told({ keys, channels, every, commands }: Selector, withCommands: boolean): unknown[] {
  const allKeys = keys.get('*') === 'RW';
  return [
    allKeys ? '~*' : [...keys].sort(),
    channels.has('&*') ? '&*' : [...channels].sort(),
    ...(withCommands ? [every, commands] : []),
  ];
}
