/** What a server binary understands, asked from the binary itself; stored beside it as `directives.json`. */
export interface Directives {
  /** Names that CONFIG GET lists. */
  readonly names: readonly string[];
  /** Of these, the ones that CONFIG SET refuses: a change needs a restart. */
  readonly fixed: readonly string[];
  /** Default values, but for those that differ from place to place. */
  readonly defaults: Readonly<Record<string, string>>;
}

/** Set by the throw-away server's own command line, so that its answer is not the default. */
const notDefaults = new Set([
  'port',
  'unixsocket',
  'save',
  'dir',
  'logfile',
  'pidfile',
  'daemonize',
  'appendonly',
  'bind',
]);

/** Always fixed while a server runs, whatever it answers: they name files that are already open. */
const alwaysFixed = ['unixsocket', 'logfile', 'pidfile', 'daemonize'];

/** The answers of directivesScript as the text of directives.json. */
export function directivesJson(answers: string): string {
  return JSON.stringify(parseAnswers(answers));
}

export function parseAnswers(answers: string): Directives {
  const [values = '', trials = ''] = answers.split(/^--$/m);
  const lines = values.replace(/\n$/, '').split('\n');
  const names: string[] = [];
  const defaults: Record<string, string> = {};
  for (let index = 0; index + 1 < lines.length; index += 2) {
    const name = lines[index] ?? '';
    names.push(name);
    if (!notDefaults.has(name)) {
      defaults[name] = lines[index + 1] ?? '';
    }
  }
  const fixed = new Set(alwaysFixed.filter((name) => names.includes(name)));
  for (const trial of trials.split('rcdeploy:').slice(1)) {
    const [name = '', ...answer] = trial.split('\n');
    if (/unsupported|immutable|protected|unknown option/i.test(answer.join(' '))) {
      fixed.add(name.replace(/"$/, ''));
    }
  }
  return { names, fixed: [...fixed].sort(), defaults };
}

/** directives.json as it came from a host; undefined when it is not what it should be. */
export function parseDirectives(text: string): Directives | undefined {
  try {
    const value = JSON.parse(text) as Partial<Directives> | null;
    return Array.isArray(value?.names) && Array.isArray(value.fixed) && typeof value.defaults === 'object'
      ? (value as Directives)
      : undefined;
  } catch {
    return undefined;
  }
}
