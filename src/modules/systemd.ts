import { TaskError } from '../errors/errors.ts';
import type { Change, HostModule, Plan, PlanEnv, Result } from './contract.ts';
import type { SystemdArgs } from './generated/systemd.ts';
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

interface SystemdState {
  readonly running: boolean;
  readonly unit: UnitProperties;
}

function plan(state: SystemdState, args: SystemdArgs, env: PlanEnv): Plan {
  const result: Result = { name: args.name ?? null, ...(args.state === undefined ? {} : { state: args.state }) };
  if (!state.running) return { changes: [], failed: `${env.host} does not run systemd`, result };
  if (args.name === undefined) return { changes: [], result, applies: true };
  const { unit } = state;
  // A unit file that systemd has not read yet may be why it is not found: judged again after the reload.
  const reloads = args.daemon_reload && (unit.NeedDaemonReload === 'yes' || unit.LoadState === 'not-found');
  const failed = reloads && !env.check ? undefined : unitFailure(unit, args.name, args, env);
  if (failed !== undefined) return { changes: [], failed, result };
  const changes: Change[] = [];
  const masked = unit.LoadState === 'masked';
  if (args.masked !== undefined && args.masked !== masked)
    changes.push({ what: 'masked', before: masked, after: args.masked });
  changes.push(...serviceChanges(isActive(unit), isEnabled(unit), unit.ActiveState ?? 'unknown', args));
  const status = { ...result, status: unit, ...(args.enabled === undefined ? {} : { enabled: args.enabled }) };
  return { changes, result: status, ...(reloads || args.daemon_reexec ? { applies: true } : {}) };
}

export const systemd: HostModule<SystemdArgs, SystemdState> = {
  kind: 'host',
  name: 'systemd',
  fusable: true,
  read: (args) => ({
    script: `[ -d /run/systemd/system ] && command -v systemctl >/dev/null 2>&1 || { echo none; exit 0; }
echo systemd
${args.name === undefined ? '' : readUnit(args.name)}`,
  }),
  parse({ reply }, args) {
    const lines = new ReplyLines(reply, `asking systemd for ${args.name ?? 'its state'}`);
    return { running: lines.next() === 'systemd', unit: parseUnit(lines) };
  },
  plan,
  async apply(planned, args, context, { unit }) {
    for (const verb of [args.daemon_reexec ? 'daemon-reexec' : '', args.daemon_reload ? 'daemon-reload' : '']) {
      if (verb === '') continue;
      const reply = await context.sh(`systemctl ${verb}\n`);
      if (reply.rc !== 0) throw failedScript(reply, `systemctl ${verb}`);
    }
    if (args.name === undefined) return {};
    const name = unitName(args.name);
    if (unit.LoadState === 'not-found') await proveFound(args.name, context);
    for (const change of planned.changes) {
      const force = args.force ? ['--force'] : [];
      if (change.what === 'masked') await systemctl([change.after ? 'mask' : 'unmask'], name, context);
      if (change.what === 'enabled') await systemctl([change.after ? 'enable' : 'disable', ...force], name, context);
      if (change.what === 'state')
        await systemctl([...(args.no_block ? ['--no-block'] : []), verbOf(change)], name, context);
    }
    return {};
  },
};

async function proveFound(name: string, context: Parameters<typeof systemctl>[2]): Promise<void> {
  const reply = await context.sh(readUnit(name));
  const unit = parseUnit(new ReplyLines(reply, `asking systemd for ${name}`));
  if (unit.LoadState === 'not-found') throw new TaskError(`Could not find the requested service ${name}: host`);
}
