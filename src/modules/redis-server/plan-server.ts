import type { Change, Plan, PlanEnv } from '../contract.ts';
import { hasOtherRole } from './node-role.ts';
import { label, type ServerArgs, serverPath, unitName, unitPath } from './server-args.ts';
import type { Running, ServerState } from './server-state.ts';
import { unitText } from './unit.ts';

/** A plan with what apply does, in this order. */
export interface ServerPlan extends Plan {
  readonly stop?: Running;
  readonly removeUnit?: boolean;
  readonly unit?: string;
  readonly enable?: boolean;
  readonly start?: 'systemd' | 'daemonize' | 'foreground';
  /** Only wait until it is ready: it loads its data. */
  readonly wait?: Running;
}

export function planServer(state: ServerState, args: ServerArgs, env: PlanEnv): ServerPlan {
  const { node } = state;
  if (node !== 'down' && 'unknown' in node) {
    const owners = state.taken.map((one) => `; port ${one}`).join('');
    return refused(
      `something listens on ${label(args)} but does not answer as this node should: ${node.unknown}${owners}`,
    );
  }
  if (node !== 'down' && node.configFile !== args.config) {
    const served = node.configFile === undefined ? 'without a configuration file' : `with ${node.configFile}`;
    return refused(
      `port ${args.port} is served by another Redis (pid ${node.pid}, started ${served}), which is left alone: stop it, or give this node another port`,
    );
  }
  if (hasOtherRole(state, args)) {
    return { changes: [], result: { state: 'left as it is', msg: `${label(args)} is no ${args.if_role}` } };
  }
  const stops = args.state === 'stopped' || args.state === 'absent';
  return stops ? planStop(state, args, node) : planStart(state, args, node, env);
}

function refused(failed: string): ServerPlan {
  return { changes: [], failed };
}

function planStop(state: ServerState, args: ServerArgs, node: Running | 'down'): ServerPlan {
  const loss = node === 'down' || args.state === 'absent' ? undefined : lossOf(node, args);
  if (loss !== undefined) return refused(loss);
  if (node !== 'down' && args.state === 'stopped' && node.hasPassword && !state.passwordKept) {
    return refused(
      `${label(args)} has a password that was set at run time and is not in ${args.config}: started anew, it would be open to all. CONFIG REWRITE on it keeps the password`,
    );
  }
  const changes: Change[] = [];
  if (node !== 'down') {
    changes.push({ what: label(args), before: `running (pid ${node.pid})`, after: 'stopped' });
  }
  const removeUnit = args.unit === undefined && args.state === 'absent' && state.unit !== undefined && state.isRoot;
  if (removeUnit) {
    changes.push({ what: unitPath(args), before: 'present', after: 'absent' });
  }
  return { changes, result: { state: args.state }, removeUnit, ...(node === 'down' ? {} : { stop: node }) };
}

/** Why keys would be lost by a stop; a replica whose master has them all loses none. */
function lossOf(node: Running, args: ServerArgs): string | undefined {
  if (node.isCopy) return undefined;
  const hint = 'CONFIG SET save or appendonly first, or FLUSHALL where the keys may go';
  if (node.wouldLoseKeys) {
    return `${label(args)} holds keys and saves none (no append-only file, no save points): a stop would lose them. ${hint}`;
  }
  return node.cannotWrite
    ? `${label(args)} cannot write its append-only file (aof_last_write_status:err): a stop would lose keys. Make room on its disk first`
    : undefined;
}

function planStart(state: ServerState, args: ServerArgs, node: Running | 'down', env: PlanEnv): ServerPlan {
  const problem = startProblem(state, args, node, env);
  if (problem !== undefined) {
    return refused(problem);
  }
  const supervisor = supervisorOf(state, args);
  const restarts = node !== 'down' && args.state === 'restarted';
  const keepsUnit = node !== 'down' && !restarts && runsAnother(state);
  const isOurUnit = supervisor === 'systemd' && args.unit === undefined;
  const unit = isOurUnit && !keepsUnit ? unitText(args, state) : undefined;
  const changes: Change[] = [];
  if (unit !== undefined && unit !== state.unit) {
    changes.push({ what: unitPath(args), before: state.unit ?? null, after: unit, text: true });
  }
  const enable = isOurUnit && !state.unitEnabled;
  if (enable) {
    changes.push({ what: `${unitName(args)} at boot`, before: 'disabled', after: 'enabled' });
  }
  if (node === 'down' || restarts) {
    changes.push({ what: label(args), before: restarts ? `running (pid ${node.pid})` : 'stopped', after: 'running' });
  }
  return {
    changes,
    result: { state: 'started', supervisor },
    warnings: warnings(state, args, node, supervisor),
    unsafe: atBoot(state, args, node, supervisor),
    enable,
    ...(unit !== undefined && unit !== state.unit ? { unit } : {}),
    ...(restarts ? { stop: node } : {}),
    ...(node === 'down' || restarts ? { start: supervisor } : {}),
    ...(node !== 'down' && !restarts && node.isLoading ? { wait: node, applies: true } : {}),
  };
}

function startProblem(state: ServerState, args: ServerArgs, node: Running | 'down', env: PlanEnv): string | undefined {
  if (args.state === 'restarted' && node !== 'down' && node.inCluster) {
    return `${label(args)} is a live node of a cluster and is not restarted with all others at once: redis_rolling (restart.yml) does it node by node`;
  }
  if (args.state === 'restarted' && node !== 'down' && node.wouldLoseKeys) {
    return `${label(args)} holds keys and saves none (no append-only file, no save points): a restart would lose them`;
  }
  if (args.unit !== undefined && (!state.hasSystemd || !state.isRoot)) {
    return `${args.unit} runs ${label(args)}: that takes systemd, and root`;
  }
  if (args.supervisor === 'systemd' && !state.hasSystemd) {
    return 'supervisor: systemd, but systemd does not run on this host: use auto or daemonize';
  }
  if (args.supervisor === 'systemd' && !state.isRoot) {
    return 'supervisor: systemd needs root: use become, or supervisor: daemonize';
  }
  const unusable = unusableWord(state, args);
  if (unusable !== undefined) {
    return unusable;
  }
  if (node !== 'down' || env.changesPredicted) {
    return undefined;
  }
  if (state.server === undefined) {
    return `there is no server to start: ${serverPath(args)} is missing or not executable (redis_build installs it)`;
  }
  if (!state.configFound) {
    return `${args.config} is missing (redis_config writes it)`;
  }
  const taken = state.taken.filter((one) => state.conf['cluster-enabled'] === 'yes' || one.startsWith(`${args.port} `));
  return taken.length > 0
    ? `${label(args)} cannot start: ${taken.map((one) => `port ${one}`).join('; ')} is taken: stop that, or give this node another port`
    : undefined;
}

/** What would become more than one word, or another line of the unit, where the process is started from. */
function unusableWord({ conf }: ServerState, args: ServerArgs): string | undefined {
  const { user, group, config, prefix, server } = args;
  for (const [what, name] of Object.entries({ user, group })) {
    if (name !== undefined && !/^\w[\w.@+-]*\$?$/.test(name))
      return `${what} ${JSON.stringify(name)} is no ${what} name`;
  }
  const { dir, logfile, pidfile } = conf;
  for (const [what, path] of Object.entries({ config, prefix, server, dir, logfile, pidfile })) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
    if (path !== undefined && /[\u0000-\u001f\u007f]/.test(path)) {
      return `${what} ${JSON.stringify(path)} holds a control character, so no process can be started with it`;
    }
  }
  return undefined;
}

function supervisorOf(state: ServerState, args: ServerArgs): 'systemd' | 'daemonize' | 'foreground' {
  if (args.unit !== undefined) return 'systemd';
  return args.supervisor === 'auto' ? (state.hasSystemd && state.isRoot ? 'systemd' : 'daemonize') : args.supervisor;
}

/** What is installed is not what runs. The unit stays as it is too: after a crash the same version must come back. */
export function runsAnother({ runningExe, server }: ServerState): boolean {
  return runningExe !== undefined && server !== undefined && runningExe !== server;
}

function warnings(state: ServerState, args: ServerArgs, node: Running | 'down', supervisor: string): string[] {
  const told: string[] = [];
  if (supervisor === 'systemd' && node !== 'down' && !state.unitActive) {
    told.push(`${label(args)} runs outside systemd; ${unitName(args)} takes over when it is stopped and started`);
  }
  if (node !== 'down' && runsAnother(state)) {
    told.push(`${label(args)} still runs ${state.runningExe}; ${state.server} comes with its next restart`);
  }
  return told;
}

function atBoot(state: ServerState, args: ServerArgs, node: Running | 'down', supervisor: string): string[] {
  if (supervisor !== 'daemonize' || node !== 'down') return [];
  const why = state.hasSystemd
    ? state.isRoot
      ? 'supervisor: daemonize'
      : 'without root there is no system unit'
    : 'no systemd here';
  return [`${label(args)} will not start by itself at boot (${why})`];
}
