import { quote, quoteAll } from '../sh/quote.ts';
import type { Change, HostModule, Plan, PlanEnv, Result } from './contract.ts';
import type { ServiceArgs } from './generated/service.ts';
import { failedScript, ReplyLines } from './reply-lines.ts';
import {
  isActive,
  isEnabled,
  parseUnit,
  readUnit,
  serviceChanges,
  systemctl,
  type UnitProperties,
  unitFailure,
  unitName,
  verbOf,
} from './systemd-unit.ts';

type Manager = 'systemd' | 'openrc' | 'sysv' | 'none';

interface ServiceState {
  readonly manager: Manager;
  /** What pid 1 is, for the message when no manager is there. */
  readonly init: string;
  readonly unit: UnitProperties;
  readonly exists: boolean;
  readonly active: boolean;
  readonly enabled: boolean | undefined;
}

function script(args: ServiceArgs): string {
  const name = quote(args.name);
  const find = args.use === 'auto' ? findManager(name) : `m=${args.use}\n`;
  const pattern =
    args.pattern === undefined
      ? '$r'
      : `$(ps -ef 2>/dev/null | grep -F -- ${quote(args.pattern)} | grep -qv grep; echo $?)`;
  return `${find}echo $m
case $m in
systemd) ${readUnit(args.name)};;
openrc)
  rc-service -e ${name} && echo y || echo n
  rc-service ${name} status >/dev/null 2>&1; echo $?
  [ -e /etc/runlevels/${quote(args.runlevel)}/${name} ] && echo y || echo n ;;
sysv)
  [ -x /etc/init.d/${name} ] && echo y || echo n
  /etc/init.d/${name} status >/dev/null 2>&1; r=$?; echo "${pattern}"
  e=n; for f in /etc/rc[2345].d/S[0-9][0-9]${name}; do [ ! -e "$f" ] || e=y; done; echo $e ;;
*) read -r i < /proc/1/comm; echo "$i" ;;
esac
`;
}

function findManager(name: string): string {
  return `if [ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1; then m=systemd
elif command -v rc-service >/dev/null 2>&1; then m=openrc
elif [ -x /etc/init.d/${name} ]; then m=sysv
else m=none; fi
`;
}

function parse(lines: ReplyLines): ServiceState {
  const manager = lines.next() as Manager;
  const nothing = { manager, init: '', unit: {}, exists: false, active: false, enabled: undefined };
  if (manager === 'none') return { ...nothing, init: lines.next() };
  if (manager === 'systemd') {
    const unit = parseUnit(lines);
    return {
      ...nothing,
      unit,
      exists: unit.LoadState !== 'not-found',
      active: isActive(unit),
      enabled: isEnabled(unit),
    };
  }
  const [exists, status, enabled] = [lines.next(), lines.next(), lines.next()];
  return { ...nothing, exists: exists === 'y', active: status === '0', enabled: enabled === 'y' };
}

function plan(state: ServiceState, args: ServiceArgs, env: PlanEnv): Plan {
  const result: Result = {
    name: args.name,
    ...(args.state === undefined ? {} : { state: args.state === 'stopped' ? 'stopped' : 'started' }),
    ...(args.enabled === undefined ? {} : { enabled: args.enabled }),
  };
  const fail = (failed: string): Plan => ({ changes: [], failed, result });
  const lenient = env.check && env.changesPredicted;
  if (state.manager === 'none' && !lenient) {
    return fail(
      `${env.host} has no service manager for ${args.name}: pid 1 is ${state.init}, there is no systemd, OpenRC or /etc/init.d/${args.name}`,
    );
  }
  const failed = state.manager === 'systemd' ? unitFailure(state.unit, args.name, args, env) : undefined;
  if (failed !== undefined) return fail(failed);
  if (!state.exists && !lenient) return fail(`Could not find the requested service ${args.name}: host`);
  const now = state.unit.ActiveState ?? (state.active ? 'started' : 'stopped');
  return {
    changes: serviceChanges(state.active, state.enabled ?? (state.exists ? undefined : false), now, args),
    result,
  };
}

/** The line for OpenRC or an init script. */
function line(manager: Manager, change: Change, args: ServiceArgs): string {
  const name = quote(args.name);
  if (change.what === 'enabled') {
    if (manager === 'openrc') return `rc-update ${change.after ? 'add' : 'del'} ${name} ${quote(args.runlevel)}`;
    const [debian, redhat] = change.after ? ['defaults', 'on'] : ['remove', 'off'];
    return `if command -v update-rc.d >/dev/null 2>&1; then update-rc.d ${change.after ? '' : '-f '}${name} ${debian}; else chkconfig ${name} ${redhat}; fi`;
  }
  const verb = verbOf(change);
  const command = manager === 'openrc' ? ['rc-service', args.name] : [`/etc/init.d/${args.name}`];
  const more = args.arguments === undefined ? '' : ` ${args.arguments}`;
  const run = (word: string) => `${quoteAll([...command, word])}${more}`;
  return verb === 'restart' && args.sleep !== undefined
    ? `${run('stop')}; sleep ${args.sleep}; ${run('start')}`
    : run(verb);
}

export const service: HostModule<ServiceArgs, ServiceState> = {
  kind: 'host',
  name: 'service',
  fusable: true,
  read: (args) => ({ script: script(args) }),
  parse: ({ reply }, args) => parse(new ReplyLines(reply, `looking at service ${args.name}`)),
  plan,
  async apply(planned, args, context, state) {
    for (const change of planned.changes) {
      if (state.manager === 'systemd') {
        const verb = change.what === 'enabled' ? (change.after ? 'enable' : 'disable') : verbOf(change);
        await systemctl([verb], unitName(args.name), context);
        continue;
      }
      // A daemon that an init script starts must not hold the script's output open.
      const reply = await context.sh(`${line(state.manager, change, args)} </dev/null\n`);
      if (reply.rc !== 0) throw failedScript(reply, `${args.name}: ${change.what} ${String(change.after)}`);
    }
    return {};
  },
};
