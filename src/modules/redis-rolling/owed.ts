import { parseConf } from '../../redis/conf/conf-file.ts';
import type { ConfigState } from '../redis-config/config-state.ts';
import { DirectiveNames } from '../redis-config/directive-names.ts';
import { describe, liveDifferences } from '../redis-config/live-differences.ts';
import { runsAnother } from '../redis-server/plan-server.ts';
import type { ServerState } from '../redis-server/server-state.ts';

/** Follow from how the process was started, not from its file. */
const NOT_FROM_FILE = new Set(['daemonize', 'supervised', 'dir', 'pidfile', 'logfile']);

/** Why a running node owes a restart, each as a clause; empty: what runs is what is installed and configured. */
export function owedReasons(server: ServerState, config: ConfigState, flavor: string): string[] {
  const reasons: string[] = [];
  if (runsAnother(server)) reasons.push(`runs ${server.runningExe}, ${server.server} is installed`);
  if (config.live === 'down' || 'unknown' in config.live || config.text === undefined) return reasons;
  const file = parseConf(config.text);
  const names = new DirectiveNames(config.directives, flavor, config.version);
  const { fixed, drift } = liveDifferences(file.settings, file, config, names);
  const waiting = [...fixed, ...drift.filter(({ name }) => names.isFixed(name))];
  const settings = waiting.filter(({ name }) => !NOT_FROM_FILE.has(name));
  if (settings.length > 0) reasons.push(`still uses ${settings.map(describe).join(', ')}`);
  return reasons;
}
