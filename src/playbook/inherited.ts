import type { VarLayer } from '../inventory/contract.ts';
import type { BecomeKeywords, Condition, ConnectionKeywords, Raw, Role, Task } from './contract.ts';
import type { Keywords } from './keywords.ts';

/** Keywords of which the nearest one counts: task, block, outer block, play. */
const nearestWins = {
  any_errors_fatal: 'anyErrorsFatal',
  become: 'become',
  become_exe: 'becomeExe',
  become_flags: 'becomeFlags',
  become_method: 'becomeMethod',
  become_user: 'becomeUser',
  check_mode: 'checkMode',
  connection: 'connection',
  delegate_facts: 'delegateFacts',
  delegate_to: 'delegateTo',
  diff: 'diff',
  ignore_errors: 'ignoreErrors',
  ignore_unreachable: 'ignoreUnreachable',
  no_log: 'noLog',
  port: 'port',
  remote_user: 'remoteUser',
  run_once: 'runOnce',
  throttle: 'throttle',
  timeout: 'timeout',
} as const;

type NearestKeywords = BecomeKeywords &
  ConnectionKeywords &
  Pick<
    Task,
    | 'anyErrorsFatal'
    | 'checkMode'
    | 'delegateFacts'
    | 'delegateTo'
    | 'diff'
    | 'ignoreErrors'
    | 'ignoreUnreachable'
    | 'noLog'
    | 'runOnce'
    | 'throttle'
    | 'timeout'
  >;

/** What a task has from the play, blocks and imports around it. */
export interface Inherited {
  readonly nearest: NearestKeywords;
  readonly environment: readonly Raw[];
  readonly when: readonly Condition[];
  readonly tags: readonly string[];
  readonly notify: readonly string[];
  readonly vars: readonly VarLayer[];
  readonly role: Role | undefined;
  /** What is read may never run: a dynamic include around it has a condition. */
  readonly mayBeSkipped: boolean;
  /** Variables that dynamic includes around it give. */
  readonly params: readonly VarLayer[];
  /** Arguments by module name. */
  readonly moduleDefaults: ReadonlyMap<string, Readonly<Record<string, Raw>>>;
}

export const nothingInherited: Inherited = {
  nearest: {
    anyErrorsFatal: undefined,
    checkMode: undefined,
    connection: undefined,
    delegateFacts: undefined,
    delegateTo: undefined,
    diff: undefined,
    ignoreErrors: undefined,
    ignoreUnreachable: undefined,
    noLog: undefined,
    port: undefined,
    remoteUser: undefined,
    runOnce: undefined,
    throttle: undefined,
    timeout: undefined,
  },
  environment: [],
  when: [],
  tags: [],
  notify: [],
  vars: [],
  role: undefined,
  mayBeSkipped: false,
  params: [],
  moduleDefaults: new Map(),
};

/** What `keywords` add: conditions, variables and environment go behind the outer ones, tags and notifications are united. */
export function inherit(
  outer: Inherited,
  keywords: Keywords,
  own: Pick<Inherited, 'when' | 'vars' | 'moduleDefaults'>,
): Inherited {
  const nearer: Partial<Record<keyof NearestKeywords, Raw>> = {};
  for (const [keyword, property] of Object.entries(nearestWins)) {
    if (keywords[keyword] !== undefined) nearer[property] = keywords[keyword];
  }
  return {
    role: outer.role,
    mayBeSkipped: outer.mayBeSkipped || own.when.length > 0,
    params: outer.params,
    nearest: { ...outer.nearest, ...nearer },
    environment: [...outer.environment, ...environments(keywords.environment)],
    when: [...outer.when, ...own.when],
    tags: [...new Set([...outer.tags, ...texts(keywords.tags).flatMap(splitTags)])],
    notify: [...new Set([...outer.notify, ...texts(keywords.notify)])],
    vars: [...outer.vars, ...own.vars],
    moduleDefaults: new Map([...outer.moduleDefaults, ...own.moduleDefaults]),
  };
}

/** A keyword that is a list of texts after its check; anything else has been reported. */
export function texts(value: unknown): string[] {
  const list = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.filter((each) => typeof each === 'string');
}

function environments(value: unknown): Raw[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function splitTags(text: string): string[] {
  return text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}
