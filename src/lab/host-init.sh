# First process of a lab host, started in namespaces of its own (mount, pid, uts, ipc, net). It turns an overlay of
# the machine's root into the host's root and then becomes the host's init. All LAB_* variables come from boot.ts.
set -eu

# /proc is still the machine's own here, so this line names us as the machine knows us.
read -r stat </proc/self/stat
printf '%s\n' "$stat" >"$LAB_STATE/init.stat.new"
mv "$LAB_STATE/init.stat.new" "$LAB_STATE/init.stat"
echo ready
exec >&2
# The creator answers when the network is there; end of file means that it died: nothing may stay behind.
read -r go
[ "$go" = go ]
exec </dev/null

root=$LAB_DISK/root
mount -t overlay -o "lowerdir=$LAB_LOWER,upperdir=$LAB_DISK/upper,workdir=$LAB_DISK/work" overlay "$root"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
mount --bind "$root/dev" "$root/dev"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs "$root/run"
mount -t tmpfs -o "mode=1777,nosuid,nodev$LAB_TMP" tmpfs "$root/tmp"

# Kernel settings that are not per namespace would change the machine: a host gets files of its own in their place.
printf '%s\n' "$LAB_NAME" >"$root/proc/sys/kernel/hostname"
mkdir -p "$LAB_DISK/sysctl"
for area in kernel vm fs; do
  mount -o bind,ro "$root/proc/sys/$area" "$root/proc/sys/$area"
done
for setting in vm/overcommit_memory vm/swappiness vm/max_map_count fs/file-max; do
  fake=$LAB_DISK/sysctl/${setting#*/}
  cat "/proc/sys/$setting" >"$fake"
  mount --bind "$fake" "$root/proc/sys/$setting"
done
[ ! -e "$root/proc/sysrq-trigger" ] || mount -o bind,ro "$root/proc/sysrq-trigger" "$root/proc/sysrq-trigger"

if [ -n "$LAB_SYSTEMD" ]; then
  mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root/sys/fs/cgroup"
fi
for path in $LAB_READONLY; do
  mount -o bind,ro "$root$path" "$root$path"
done

cd "$root"
mkdir -p .machine
pivot_root . .machine
cd /
umount -l /.machine
rmdir /.machine

ip -batch - <<EOF
link set lo up
addr add $LAB_ADDRESS/24 dev eth0
addr add $LAB_ADDRESS6/64 dev eth0 nodad
link set eth0 up
EOF
if [ -s /etc/lab-neighbours ]; then ip -batch /etc/lab-neighbours; fi

# What a host's root may not do, since it would be done to the machine: set its clock, load modules, touch its hardware.
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
set -- setpriv --bounding-set "$LAB_CAPABILITIES" env -i PATH=$path
if [ -n "$LAB_SYSTEMD" ]; then
  exec "$@" container=rcdeploy-lab "$LAB_SYSTEMD"
fi
mkdir -p /run/sshd
# `wait` reaps what the host's daemons orphan; the sleep keeps it from returning at once when sshd is stopped.
exec "$@" HOME=/root /bin/sh -c '/usr/sbin/sshd -E /var/log/sshd.log; while :; do sleep 1000000 & wait; done'
