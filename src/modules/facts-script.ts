import { common, FEW_LINES, READ_EUID, SHORT_FUNCTION } from '../sh/builtin-reads.ts';
import { containedFirst } from '../sh/contained.ts';
import { entryFunction } from './account-read.ts';

const functions = `${entryFunction}${SHORT_FUNCTION}
sec() { printf '\\n@@%s\\n' "$1"; }
show() { sec "$1"; [ -r "$2" ] && short "$2" 2>/dev/null; }
`;

/** What hardware and virtualization facts are made of; much of the cost, and a playbook may do without. */
const hardware = `show meminfo /proc/meminfo
sec cpu; grep -E '^(processor|vendor_id|model name|physical id|cpu cores|core id)' /proc/cpuinfo
sec cpus; n=; for f in /sys/devices/system/cpu/cpu[0-9]*; do [ -d "$f" ] && n=x$n; done; echo "\${#n}"; nproc 2>/dev/null || echo
show uptime /proc/uptime
show loadavg /proc/loadavg
show mounts /proc/self/mounts
sec df; df -P -k 2>/dev/null
sec inodes; df -P -i 2>/dev/null
sec virtual
[ -e /.dockerenv ] && echo docker
[ -e /run/.containerenv ] && echo podman
tr '\\0' '\\n' < /proc/1/environ 2>/dev/null | grep '^container='
command -v systemd-detect-virt >/dev/null 2>&1 && { v=$(systemd-detect-virt 2>/dev/null); echo "detect=$v"; }
for f in sys_vendor product_name product_version bios_version bios_date product_serial product_uuid; do l=; { read -r l < /sys/class/dmi/id/$f; } 2>/dev/null; echo "dmi_$f=$l"; done
grep -q '^flags.* hypervisor' /proc/cpuinfo && echo hypervisor
`;

/** `env` comes last, since its values may hold newlines. */
const basics = `show os /etc/os-release
show debian /etc/debian_version
show redhat /etc/redhat-release
${common('rcdeploy_uname')}
sec uname; echo "$rcdeploy_uname"
show route /proc/net/route
show route6 /proc/net/ipv6_route
show if6 /proc/net/if_inet6
sec addresses; { command -v ip >/dev/null 2>&1 && ip -o -4 addr show || ifconfig -a; } 2>/dev/null
sec links; for d in /sys/class/net/*; do
  [ -e "$d/mtu" ] || continue
  m= a= o=; read -r m < "$d/mtu"; { read -r a < "$d/address"; read -r o < "$d/operstate"; } 2>/dev/null
  printf '%s %s %s %s\\n' "\${d##*/}" "$m" "\${a:--}" "\${o:--}"
done
sec user; while read -r key real euid rest; do case $key in Uid:|Gid:) echo "$key $real $euid" ;; Groups:) break ;; esac; done </proc/self/status
${READ_EUID}
sec passwd; entry passwd "$euid" 3
sec fqdn
set -f; set -- $rcdeploy_uname; set +f
fqdn= c=0
if files_first hosts; then
  while [ "$c" -lt ${FEW_LINES} ] && [ -z "$fqdn" ] && read -r address canonical names; do
    c=$((c + 1))
    case $address in ''|'#'*) continue ;; esac
    set -f; for name in $canonical \${names%%#*}; do [ "$name" != "$2" ] || fqdn=$canonical; done; set +f
  done </etc/hosts
fi 2>/dev/null
[ -n "$fqdn" ] && echo "$fqdn" || hostname -f 2>/dev/null
${common('rcdeploy_date')}
sec date; echo "$rcdeploy_date"
sec pkg; for p in apt-get dnf yum zypper apk; do command -v $p >/dev/null 2>&1 && { echo $p; break; }; done
sec service; if [ -d /run/systemd/system ]; then echo systemd; elif command -v rc-service >/dev/null 2>&1; then echo openrc; else echo service; fi
sec init; { read -r l < /proc/1/comm && echo "$l"; } 2>/dev/null
sec selinux; [ -d /sys/fs/selinux ] && { read -r l < /sys/fs/selinux/enforce && echo "$l"; } 2>/dev/null; [ -r /etc/selinux/config ] && grep -E '^SELINUX(TYPE)?=' /etc/selinux/config
show machineid /etc/machine-id
show cmdline /proc/cmdline
sec dns; [ -r /etc/resolv.conf ] && while IFS= read -r l || [ -n "$l" ]; do case $l in nameserver*|search*|domain*) printf '%s\\n' "$l" ;; esac; done </etc/resolv.conf
sec env; export -p
`;

/**
 * One read of what facts are made of, in sections `@@name`. Mostly files that the shell copies out itself, so that it costs a
 * handful of processes; what a host does not have is an empty section.
 */
export function factsScript(withHardware: boolean): string {
  return containedFirst(`${functions}${withHardware ? hardware : ''}${basics}`);
}

/** The sections of the script's output; `env` comes last since its values may hold newlines. */
export function sectionsOf(output: string): (name: string) => string[] {
  const sections = new Map<string, string[]>();
  const env = output.indexOf('\n@@env\n');
  const head = env < 0 ? output : output.slice(0, env);
  for (const part of head.split('\n@@').slice(1)) {
    const [name = '', ...lines] = part.split('\n');
    sections.set(
      name,
      lines.filter((line) => line !== ''),
    );
  }
  sections.set('env', env < 0 ? [] : [output.slice(env + '\n@@env\n'.length)]);
  return (name) => sections.get(name) ?? [];
}
