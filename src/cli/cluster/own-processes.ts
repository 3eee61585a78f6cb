import { userInfo } from 'node:os';
import type { VarLayer } from '../../inventory/contract.ts';
import { loadInventory } from '../../inventory/inventory.ts';
import type { Adoptee, OwnProcess } from '../../redis/cluster/adoption.ts';
import { nodeName } from '../../redis/cluster/topology.ts';
import { quote } from '../../sh/quote.ts';
import { connect } from '../../transport/connect.ts';
import type { Become, Target } from '../../transport/contract.ts';
import { hostTarget, type Login } from '../host-target.ts';
import { output } from '../terminal.ts';

export interface WayToHosts {
  readonly extra: VarLayer;
  readonly login: Login;
  /** To root, by sudo; undefined: as whom one logs in. */
  readonly become: { readonly password: string | undefined } | undefined;
  /** The nodes are on this machine. */
  readonly local: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What the hosts show of the nodes' processes. Throws UnreachableError when a host cannot be reached. */
export async function withOwnProcesses(adoptees: readonly Adoptee[], way: WayToHosts): Promise<Adoptee[]> {
  const addresses = [...new Set(adoptees.map(({ view }) => view.node.address))];
  const inventory = await loadInventory([`${addresses.join(',')},`]);
  const shown = await Promise.all(
    addresses.map(async (address) => {
      const here = adoptees.filter(({ view }) => view.node.address === address);
      const target = hostTarget(inventory, address, way.extra, way.timeoutMs, way.login);
      return await lookAt(way.local ? { ...target, connection: 'local' } : target, here, way);
    }),
  );
  const all = new Map(shown.flatMap((processes) => [...processes]));
  return adoptees.map((adoptee) => ({ ...adoptee, own: all.get(nodeName(adoptee.view.node)) }));
}

async function lookAt(target: Target, adoptees: readonly Adoptee[], way: WayToHosts): Promise<Map<string, OwnProcess>> {
  const connection = await connect(target, way.signal, { notice: (message) => output.errorLine(message) });
  try {
    const login = target.connection === 'local' ? userInfo().username : target.user;
    const become: Become | undefined =
      way.become && login !== 'root' ? { method: 'sudo', user: 'root', ...way.become } : undefined;
    const shell = await connection.shell(become);
    const { stdout } = await shell.run(processesScript(adoptees));
    const named = adoptees.map(({ view }) => [view.node.port, nodeName(view.node)] as const);
    return new Map(named.map(([port, name]) => [name, processIn(stdout, port)]));
  } finally {
    await connection.close();
  }
}

/**
 * Lines `PORT WORD VALUE`. A unit is the node's own only when the node is its main process: one that somebody started by hand stands
 * in the control group of whatever started it.
 */
function processesScript(adoptees: readonly Adoptee[]): string {
  const looks = adoptees.map(({ view, facts }) =>
    ['look', view.node.port, facts?.pid ?? 0, quote(facts?.config_file ?? '')].join(' '),
  );
  return `look() {
  [ -d "/proc/$2" ] || return 0
  unit=$(sed -n 's,.*/\\([^/]*\\.service\\)$,\\1,p' "/proc/$2/cgroup" | head -n 1)
  if [ "$unit" ] && [ "$(systemctl show -p MainPID "$unit" 2>/dev/null)" = "MainPID=$2" ]; then echo "$1 unit $unit"; fi
  echo "$1 user $(stat -c %U "/proc/$2")"
  [ -r "$3" ] || return 0
  if grep -qiE '^[[:space:]]*requirepass[[:space:]]+[^[:space:]]' "$3"; then echo "$1 password yes"
  elif ! grep -qiE '^[[:space:]]*(include|aclfile|user)[[:space:]]' "$3"; then echo "$1 password no"; fi
}
${looks.join('\n')}`;
}

function processIn(stdout: string, port: number): OwnProcess {
  const word = (name: string) => new RegExp(`^${port} ${name} (.+)$`, 'm').exec(stdout)?.[1];
  const password = word('password');
  return {
    unit: word('unit'),
    user: word('user'),
    passwordInFile: password === undefined ? undefined : password === 'yes',
  };
}
