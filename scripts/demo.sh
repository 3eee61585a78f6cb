#!/bin/sh
# From a bare Debian 12 machine with Node to a verified Redis Cluster that was formed over SSH: `npm run demo` (as root).
# Where this machine can make no lab, or without root, the same cluster runs as six local nodes.
set -eu
cd "$(dirname "$0")/.."

version=7.4.10
name=demo
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
rcdeploy() { node dist/cli/main.js "$@"; }

# Packages of the compiler and of the lab, without letting a service start or stay enabled that was not there before.
install_packages() {
  missing=
  for pair in cc:gcc make:make patch:patch xz:xz-utils gzip:gzip ip:iproute2 nft:nftables sshd:openssh-server ssh-keygen:openssh-client; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
  done
  [ -e /usr/include/stdlib.h ] || missing="$missing libc6-dev"
  [ -n "$missing" ] || return 0
  say "Installing$missing"
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update
  # shellcheck disable=SC2086
  apt-get -qq -y --no-install-recommends install $missing >/dev/null
  case $missing in
    *openssh-server*) [ ! -d /run/systemd/system ] || systemctl disable -q ssh 2>/dev/null || true ;;
  esac
  rm -f "$policy"
  trap - EXIT
}

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then install_packages; fi
if [ ! -e node_modules/.package-lock.json ] || [ node_modules/.package-lock.json -ot package-lock.json ]; then
  say 'Installing what rcdeploy is made of'
  npm ci --no-audit --no-fund --loglevel=error
fi
if [ ! -e dist/cli/main.js ] || [ -n "$(find src schemas package.json -newer dist/cli/main.js -print 2>/dev/null | head -n 1)" ]; then
  say 'Building rcdeploy'
  npm run -s build
fi

url=https://download.redis.io/releases/redis-$version.tar.gz
if node -e "fetch('$url', {method: 'HEAD', signal: AbortSignal.timeout(4000)}).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"; then
  source=redis_version=$version
  say "Redis $version comes from redis.io, pinned by its published sha256"
else
  source=redis_source=apt-source
  say "redis.io cannot be reached from here: Redis comes as Debian's signed source package, with its security patches"
fi

reason=$(node --input-type=module -e "
  import { labUnavailable } from './dist/lab/unavailable.js';
  process.stdout.write(labUnavailable() ?? '');
")
if [ -z "$reason" ]; then
  say 'Six hosts in three zones, each with an sshd of its own'
  rcdeploy lab up 6 --name "$name" --zones 3 --replace
  inventory=/run/rcdeploy-lab/$name/inventory.yml
  # Where Redis comes from is declared with the hosts, so that whoever runs another playbook need not say it again.
  mkdir "${inventory%/*}/group_vars"
  echo "${source%%=*}: ${source#*=}" >"${inventory%/*}/group_vars/all.yml"
  given=
else
  say "No lab here ($reason): six nodes on this machine instead"
  inventory=inventory/hosts.yml
  given=" -e $source"
fi

say 'From bare hosts to a verified cluster: rcdeploy run playbooks/cluster.yml'
# shellcheck disable=SC2086
rcdeploy run playbooks/cluster.yml -i "$inventory"$given

say 'The same again changes nothing'
# shellcheck disable=SC2086
rcdeploy run playbooks/cluster.yml -i "$inventory"$given

# Any node answers for any key: it sends the client on to the node that holds the slot.
client='printf "set foo bar\nget foo\ncluster info\ncluster nodes\n"'
if [ -z "$reason" ]; then
  port=6379
  address=$(sed -n 's/.*ansible_host: *\([0-9.]*\).*/\1/p' "$inventory" | head -n 1)
  try() { rcdeploy lab ssh "$name" h1 "$1"; }
  cli=/opt/redis/current/bin/redis-cli
else
  port=7000
  address=127.0.0.1
  try() { sh -c "$1"; }
  cli=/opt/redis/current/bin/redis-cli
  [ "$(id -u)" = 0 ] || cli=$HOME/.local/share/rcdeploy/redis/current/bin/redis-cli
fi
say "redis-cli -c -h $address -p $port"
try "$client | $cli --no-raw -c -h $address -p $port"

say 'Look around'
if [ -z "$reason" ]; then
  echo "  npx rcdeploy lab ssh $name h1          log in to a host"
  clean="npx rcdeploy lab down $name"
else
  clean="npx rcdeploy run playbooks/destroy.yml -i $inventory -e confirm=main"
fi
echo "  npx rcdeploy run playbooks/verify.yml -i $inventory$given"
echo "  npx rcdeploy run playbooks/stop.yml -i $inventory$given      and start.yml"
say "Clean up: $clean"
