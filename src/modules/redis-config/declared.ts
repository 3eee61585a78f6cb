import { type SettingLines, settingLines } from '../../redis/conf/conf-settings.ts';
import type { ConfigArgs } from '../redis_config.ts';
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
  return { settings, problems };
}

function unknownDirective(given: string, names: DirectiveNames): string {
  const suggestion = names.suggestion(given);
  return `this server knows no directive ${JSON.stringify(given)}${suggestion ? `, did you mean ${suggestion}?` : ''}`;
}
