import { quote } from '../../sh/quote.ts';

/**
 * Names who listens on the ports, unless it is a Redis that no unit of the distribution runs, as lines `taken PORT by pid …`.
 *
 * A server tells its port itself, in the title that it gives its process ("redis-server 10.0.0.1:6379 [cluster]", since 2.8; with
 * `[cluster]` it has the port of the bus too): when all ports are told so, nothing else is asked, which spares a host 5 ms of
 * processes at every look. Where nodes keep their process ids, in `PORT/redis.pid` below the data directory, those processes are looked
 * at first, and all others only if they do not tell: that takes 1 ms for a hundred of them. Else listeners come from `ss` where there is one: the kernel takes 5 ms and more to write
 * /proc/net/tcp, since it walks through the tables of all connections. Who holds a socket is looked for among the processes
 * called like a Redis first, then among all.
 */
export function takenPortsScript(ports: readonly number[], dataDir: string): string {
  const filter = ports.map((port) => `sport = :${port}`).join(' or ');
  const wanted = ports.map((port) => `${port.toString(16).toUpperCase().padStart(4, '0')}=${port}`).join(' ');
  return `nl='
'
near= found=
claim() {
  process=$1 name= title=
  read -r name <"$process/comm"
  case $name in redis-*|valkey-*) near="$near $process" ;; *) return ;; esac
  IFS= read -r title <"$process/cmdline"
  case $title in
    *"$name "*:[0-9]*) title=$\{title#*"$name "} port=$\{title%% *} port=$\{port##*:} ;;
    *) return ;;
  esac
  case $port in ''|0*|*[!0-9]*) return ;; esac
  case $title in *' [cluster]'*) bus=$((port + 10000)) ;; *) bus= ;; esac
  for port in $port $bus; do
    case ' ${ports.join(' ')} ' in *" $port "*) found="$found$\{found:+$nl}$port $\{process#/proc/} /$name" ;; esac
  done
}
all_told() {
  for port in ${ports.join(' ')}; do
    case "$nl$found" in *"$nl$port "*) ;; *) return 1 ;; esac
  done
}
for file in ${ports.map((port) => quote(`${dataDir}/${port}/redis.pid`)).join(' ')}; do
  pid=
  [ ! -r "$file" ] || read -r pid <"$file"
  case $pid in ''|*[!0-9]*) ;; *) claim "/proc/$pid" ;; esac
done 2>/dev/null
all_told || {
  near= found=
  for process in /proc/[0-9]*; do claim "$process"; done
} 2>/dev/null
untold=
all_told || untold=1 found=
sockets=
if [ -z "$untold" ]; then :
elif said=$(ss -Hltne '${filter}' 2>/dev/null); then
  port=
  set -f
  for word in $said; do
    case $word in
      uid:*|sk:*|cgroup:*) ;;
      ${ports.map((port) => `*:${port}`).join('|')}) port=\${word##*:} ;;
      ino:*) case " $sockets" in *" $port="*) ;; *) sockets="$sockets\${port:+$port=\${word#ino:} }" ;; esac; port= ;;
    esac
  done
  set +f
else
  sockets=$(awk -v wanted='${wanted}' '
  BEGIN { n = split(wanted, pairs, " "); for (i = 1; i <= n; i++) { split(pairs[i], part, "="); port[part[1]] = part[2] } }
  $4 == "0A" { hex = substr($2, length($2) - 3); if (hex in port) { print port[hex] "=" $10; delete port[hex] } }
' /proc/net/tcp /proc/net/tcp6 2>/dev/null)
fi
owners() {
  ls -l /proc/[0-9]*/exe /proc/[0-9]*/fd 2>/dev/null | awk -v wanted="$(echo $sockets)" '
  BEGIN { n = split(wanted, pairs, " "); for (i = 1; i <= n; i++) { split(pairs[i], part, "="); port["socket:[" part[2] "]"] = part[1] } }
  match($0, /\\/proc\\/[0-9]+\\/exe -> /) { split(substr($0, RSTART), part, "/"); exe[part[3]] = substr($0, RSTART + RLENGTH) }
  /^\\/proc\\/[0-9]+\\/fd:$/ { split($1, part, "/"); pid = part[3] }
  ($NF in port) && !(port[$NF] in told) { told[port[$NF]] = 1; print port[$NF], pid, exe[pid] }'
}
if [ "$sockets" ]; then
  missing=
  for process in $near; do
    files=$(ls -l "$process/exe" "$process/fd") exe=
    case $files in *'/exe -> '*) exe=$\{files#*/exe -> } exe=$\{exe%%"$nl"*} ;; esac
    for socket in $sockets; do
      port=$\{socket%%=*}
      case "$nl$found" in *"$nl$port "*) continue ;; esac
      case $files in *"socket:[$\{socket#*=}]"*) found="$found$\{found:+$nl}$port $\{process#/proc/} $exe" ;; esac
    done
  done
  for socket in $sockets; do
    case "$nl$found" in *"$nl$\{socket%%=*} "*) ;; *) missing=1 ;; esac
  done
  [ -z "$missing" ] || found=$(owners)
fi 2>/dev/null
[ -z "$found" ] || while read -r port pid exe; do
  unit=
  while IFS= read -r line; do
    case $line in
      */redis.service|*/redis-server.service|*/valkey.service|*/valkey-server.service) unit=$\{line##*/} ;;
    esac
  done <"/proc/$pid/cgroup"
  case $unit:$exe in
    :*/redis-server*|:*/valkey-server*|:*/redis-check-*) ;;
    ?*:*) echo "taken $port by pid $pid of the distribution's $unit (systemctl disable --now $unit ends it)" ;;
    *) echo "taken $port by pid $pid ($(tr '\\0' ' ' <"/proc/$pid/cmdline" | cut -c1-100 | sed 's/ *$//'))" ;;
  esac
done 2>/dev/null <<END
$found
END`.replaceAll('$\\{', '${');
}
