import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { insteadOfSetting, insteadOfVariable } from './ansible-settings.ts';

/** Something that Ansible would go by here, and rcdeploy does not. Its value may be a secret, so it is not kept. */
export interface UnreadSetting {
  /** `[section] name`, or the variable. */
  readonly setting: string;
  /** The file, or `environment`. */
  readonly from: string;
  readonly instead: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What of Ansible's own configuration is set here: the file that it would take, and its variables. */
export function unreadSettings(env: Environment): UnreadSetting[] {
  const variables = Object.keys(env).filter((name) => name.startsWith('ANSIBLE_') && name !== 'ANSIBLE_CONFIG');
  const own = variables
    .sort()
    .map((name) => ({ setting: name, from: 'environment', instead: insteadOfVariable(name) }));
  return [...fileSettings(env), ...own];
}

/** The first that is there counts, as in Ansible; it is never merged with another. */
function fileSettings(env: Environment): UnreadSetting[] {
  const places = [env.ANSIBLE_CONFIG, 'ansible.cfg', join(homedir(), '.ansible.cfg'), '/etc/ansible/ansible.cfg'];
  for (const file of places) {
    const text = file === undefined || file === '' ? undefined : textOf(file);
    if (file === undefined || text === undefined) continue;
    return settingsIn(text).map(({ section, name }) => ({
      setting: `[${section}] ${name}`,
      from: file,
      instead: insteadOfSetting(section, name),
    }));
  }
  return [];
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Sections and names of an INI file as Python's configparser reads it: a line that begins with a blank goes on with the value before. */
export function settingsIn(text: string): { section: string; name: string }[] {
  let section = '';
  return text.split('\n').flatMap((line) => {
    const head = /^\[([^\]]+)\]/.exec(line)?.[1];
    if (head !== undefined) section = head;
    const name = /^([^\s#;[=:][^=:]*?)\s*[=:]/.exec(line)?.[1];
    return name === undefined ? [] : [{ section, name: name.toLowerCase() }];
  });
}
