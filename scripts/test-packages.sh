#!/bin/sh
# Installs the Debian packages that tests use, when run as root where there is apt; elsewhere the tests that need them say so.
set -eu

packages='
  openssh-server openssh-client iproute2 nftables util-linux mount systemd dbus
  gcc make libc6-dev dpkg-dev openssl libssl-dev pkg-config
  busybox dash fish tcsh zsh sudo opendoas logrotate cron rsync
  redis-server redis-tools
  python3-jinja2 ansible
'

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then exit 0; fi
missing=
for package in $packages; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || :)" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# Debian starts a daemon as soon as it is installed; no test wants one on the machine itself.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  trap 'rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod 755 $policy
fi
apt='apt-get -qq -y -o DPkg::Lock::Timeout=300 -o APT::Install-Recommends=false'
$apt update
# shellcheck disable=SC2086 # a list of words
$apt install $missing >/dev/null
