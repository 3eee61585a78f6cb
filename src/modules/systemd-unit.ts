import { quote } from '../sh/quote.ts';
import type { ApplyContext, Change, PlanEnv } from './contract.ts';
import { failedScript, type ReplyLines } from './reply-lines.ts';

/** What systemd knows of a unit, by its own property names. */
export type UnitProperties = Readonly<Record<string, string>>;

export interface ServiceWish {
  readonly state?: 'started' | 'stopped' | 'restarted' | 'reloaded';
  readonly enabled?: boolean;
  readonly masked?: boolean;
}

const properties = 'Id,LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,FragmentPath,MainPID,Result';

/** `redis` is `redis.service`; a name with a suffix is left alone. */
export function unitName(name: string): string {
  return /\.(service|socket|device|mount|automount|swap|target|path|timer|slice|scope)$/.test(name)
    ? name
    : `${name}.service`;
}

/** One systemctl; a generated unit's init script is enabled by links that systemctl does not tell of. */
export function readUnit(name: string): string {
  const init = quote(name.replace(/\.service$/, ''));
  return `systemctl --no-pager show -p ${properties} -- ${quote(unitName(name))} || exit
for f in /etc/rc[2345S].d/S[0-9][0-9]${init}; do [ ! -e "$f" ] || { echo InitLinks=yes; break; }; done
`;
}

export function parseUnit(lines: ReplyLines): UnitProperties {
  return Object.fromEntries(
    lines.lines().map((line) => {
      const equals = line.indexOf('=');
      return [line.slice(0, equals), line.slice(equals + 1)];
    }),
  );
}

/** undefined: neither, such as a static unit, which can be started but not enabled. */
export function isEnabled(unit: UnitProperties): boolean | undefined {
  const state = unit.UnitFileState ?? '';
  if (state === 'generated') return unit.InitLinks === 'yes';
  if (['static', 'indirect', 'alias', 'transient'].includes(state)) return undefined;
  return state === 'enabled' || state === 'enabled-runtime';
}

export function isActive(unit: UnitProperties): boolean {
  return unit.ActiveState === 'active' || unit.ActiveState === 'activating' || unit.ActiveState === 'reloading';
}

/** Why the unit cannot be brought into the wanted state; undefined: it can, or an earlier task of this check run may make it. */
export function unitFailure(unit: UnitProperties, name: string, wish: ServiceWish, env: PlanEnv): string | undefined {
  if (env.check && env.changesPredicted) return undefined;
  if (
    unit.LoadState === 'not-found' &&
    wish.state !== 'stopped' &&
    wish.masked === undefined &&
    wish.enabled !== false
  ) {
    return `Could not find the requested service ${name}: host`;
  }
  if (unit.LoadState === 'not-found' && wish.masked === undefined)
    return `Could not find the requested service ${name}: host`;
  const starts = wish.state !== undefined && wish.state !== 'stopped';
  if (unit.LoadState === 'masked' && starts && wish.masked !== false) {
    return `${name} is masked: nothing can start it; unmask it with \`masked: false\``;
  }
  if (unit.LoadState === 'bad-setting' || unit.LoadState === 'error')
    return `${name}: systemd cannot read ${unit.FragmentPath} (${unit.LoadState})`;
  return undefined;
}

export function serviceChanges(
  active: boolean,
  enabled: boolean | undefined,
  now: string,
  wish: ServiceWish,
): Change[] {
  const changes: Change[] = [];
  if (wish.enabled !== undefined && enabled !== undefined && enabled !== wish.enabled) {
    changes.push({ what: 'enabled', before: enabled, after: wish.enabled });
  }
  const state = wish.state;
  if (state === 'restarted' || state === 'reloaded')
    changes.push({ what: 'state', before: now, after: active ? state : 'started' });
  if (state === 'started' && !active) changes.push({ what: 'state', before: now, after: 'started' });
  if (state === 'stopped' && active) changes.push({ what: 'state', before: now, after: 'stopped' });
  return changes;
}

/** The verb of systemctl or an init script for a planned state; a service that is down is started rather than reloaded. */
export function verbOf(change: Change): 'start' | 'stop' | 'restart' | 'reload' {
  const verbs = { started: 'start', stopped: 'stop', restarted: 'restart', reloaded: 'reload' } as const;
  return verbs[change.after as keyof typeof verbs];
}

/** Runs systemctl and, when it fails, says what the unit's status and last log lines are. */
export async function systemctl(words: readonly string[], unit: string, context: ApplyContext): Promise<void> {
  const line = [...words, '--', unit].map(quote).join(' ');
  const reply = await context.sh(`systemctl --no-pager --no-ask-password ${line} && exit
r=$?; systemctl --no-pager -l -n 15 status -- ${quote(unit)} >&2; exit $r
`);
  if (reply.rc !== 0) throw failedScript(reply, `systemctl ${words.join(' ')} ${unit}`);
}
