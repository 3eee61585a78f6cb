/** What stands before the host's ports. */
export interface Firewall {
  readonly kind: 'firewalld' | 'ufw';
  /** What it lets through: `7000`, or `7000-7005`. */
  readonly open: readonly string[];
}

/**
 * Prints `firewall KIND` and a line `open PORT` or `open FIRST-LAST` for each port that is let through. Only a host on which one is at
 * work pays for asking it. Of firewalld the default zone is read, of ufw the file in which it keeps its rules.
 */
export const firewallScript = `if [ -d /run/systemd/system ]; then
  for wall in firewalld ufw; do
    case $wall in
      firewalld) command -v firewall-cmd >/dev/null ;;
      *) [ -r /etc/ufw/ufw.conf ] && grep -q '^ENABLED=yes' /etc/ufw/ufw.conf ;;
    esac || continue
    [ "$(systemctl show -p ActiveState "$wall" 2>/dev/null)" = ActiveState=active ] || continue
    echo "firewall $wall"
    if [ "$wall" = firewalld ]; then
      firewall-cmd --list-ports 2>/dev/null | tr ' ' '\\n' | sed -n 's,^\\([0-9-]*\\)/tcp$,open \\1,p'
    else
      sed -n 's/^### tuple ### allow \\(tcp\\|any\\) \\([0-9,:]*\\) .* in$/\\2/p' /etc/ufw/user.rules 2>/dev/null | tr ',' '\\n' | sed 's/^/open /; s/:/-/'
    fi
  done
fi`;

export function firewallOf(words: (word: string) => readonly string[]): Firewall | undefined {
  const [kind] = words('firewall');
  return kind === 'firewalld' || kind === 'ufw' ? { kind, open: words('open') } : undefined;
}

/** The ports among these that no rule for ports lets through. */
export function closedPorts(firewall: Firewall | undefined, ports: readonly number[]): number[] {
  if (firewall === undefined) return [];
  const ranges = firewall.open.map((range) => range.split('-').map(Number));
  return ports.filter((port) => !ranges.some(([first = 0, last = first]) => first <= port && port <= last));
}

/** Lets ports through now and for the next start, as the host's own tool does. */
export function openPortsScript({ kind }: Firewall, ports: readonly number[]): string {
  if (kind === 'ufw') return ports.map((port) => `ufw allow ${port}/tcp`).join(' &&\n');
  const opened = ports.map((port) => `--add-port=${port}/tcp`).join(' ');
  return `firewall-cmd -q --permanent ${opened} && firewall-cmd -q ${opened}`;
}
