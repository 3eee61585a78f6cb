import type { VarLayer } from '../../inventory/contract.ts';
import { loadInventory } from '../../inventory/inventory.ts';
import type { Adoptee, OwnProcess } from '../../redis/cluster/adoption.ts';
import { nodeName } from '../../redis/cluster/topology.ts';
import { quote } from '../../sh/quote.ts';
import { connect } from '../../transport/connect.ts';
import type { Become, Target } from '../../transport/contract.ts';
import { becomeRoot, hostTarget, type Login } from '../host-target.ts';
import { output } from '../terminal.ts';

export interface WayToHosts {
  readonly extra: VarLayer;
  readonly login: Login;
  /** Whether to become root where `ansible_become` does not say it, and the password for wherever that is done. */
  readonly become: { readonly become: boolean; readonly password: string | undefined };
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
      const found = hostTarget(inventory, address, way.extra, way.timeoutMs, way.login);
      const target: Target = way.local ? { ...found, connection: 'local' } : found;
      const become = becomeRoot(inventory, target, way.extra, way.become);
      return await lookAt(target, here, become, way.signal);
    }),
  );
  const all = new Map(shown.flatMap((processes) => [...processes]));
  return adoptees.map((adoptee) => ({ ...adoptee, own: all.get(nodeName(adoptee.view.node)) }));
}

async function lookAt(
  target: Target,
  adoptees: readonly Adoptee[],
  become: Become | undefined,
  signal: AbortSignal,
): Promise<Map<string, OwnProcess>> {
  const connection = await connect(target, signal, { notice: (message) => output.errorLine(message) });
  try {
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
  echo "$1 user $(stat -c %U "/proc/$2")"
  if [ "$unit" ] && [ "$(systemctl show -p MainPID "$unit" 2>/dev/null)" = "MainPID=$2" ]; then
    echo "$1 unit $unit"
    if systemctl show -p ExecStart "$unit" | grep -qi -- ' --requirepass '; then echo "$1 password yes"; return 0; fi
  fi
  [ -r "$3" ] || return 0
  if grep -qiE '^[[:space:]]*requirepass[[:space:]]+("[^"]|[^"[:space:]])' "$3"; then echo "$1 password yes"
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
