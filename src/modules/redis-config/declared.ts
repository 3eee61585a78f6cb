import type { ConfFile } from '../../redis/conf/conf-file.ts';
import { type SettingLines, settingLines } from '../../redis/conf/conf-settings.ts';
import type { ConfigArgs } from '../redis_config.ts';
import { userLines } from './acl-users.ts';
import type { DirectiveNames } from './directive-names.ts';

export interface Declared {
  readonly settings: ReadonlyMap<string, SettingLines>;
  readonly problems: readonly string[];
}

/** The settings by the names that the server knows; what it does not know, or cannot take, is a problem. */
export function declaredSettings(args: ConfigArgs, names: DirectiveNames): Declared {
  const settings = new Map<string, SettingLines>();
  const problems: string[] = [];
  const add = (given: string, value: unknown, optional: boolean) => {
    const name = names.resolve(given);
    if (name === undefined) {
      if (!optional && value !== null) {
        problems.push(unknownDirective(given, names));
      }
      return;
    }
    try {
      const lines = settingLines(name, value);
      if (lines) {
        settings.set(name, lines);
      }
    } catch (error) {
      problems.push((error as Error).message);
    }
  };
  const users = userLines(args, names);
  add('port', args.port, false);
  for (const [name, value] of Object.entries(args.settings_if_known)) {
    add(name, value, true);
  }
  for (const [name, value] of Object.entries({ requirepass: args.requirepass, masterauth: args.masterauth })) {
    add(name, value, true);
  }
  for (const [name, value] of Object.entries(args.settings)) {
    add(name, value, false);
  }
  if (users.lines.length > 0) settings.set('user', users.lines);
  return { settings, problems: [...problems, ...users.problems, ...loginProblem(settings, names)] };
}

/** What such a server takes for more than one word, or for another one, it accepts from everybody but its own replicas. */
function loginProblem(settings: Declared['settings'], names: DirectiveNames): string[] {
  const [[password = ''] = []] = settings.get('masterauth') ?? [];
  if (!names.logsInByLine || !/[\s"']/.test(password)) return [];
  return [
    'before 5.0 no replica can log in with a masterauth that has a space or a quote in it: take another password',
  ];
}

/** The same with those directives as the file has them that are to stay so. */
export function withKept(
  settings: ReadonlyMap<string, SettingLines>,
  file: ConfFile | undefined,
  keep: readonly string[],
  names: DirectiveNames,
): ReadonlyMap<string, SettingLines> {
  const kept = keep.flatMap((given): [string, SettingLines][] => {
    const name = names.resolve(given) ?? given;
    const lines = file?.settings.get(name);
    return lines ? [[name, lines]] : [];
  });
  return kept.length === 0 ? settings : new Map([...settings, ...kept]);
}

function unknownDirective(given: string, names: DirectiveNames): string {
  const suggestion = names.suggestion(given);
  return `this server knows no directive ${JSON.stringify(given)}${suggestion ? `, did you mean ${suggestion}?` : ''}`;
}
