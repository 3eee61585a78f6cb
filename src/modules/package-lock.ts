import { TaskError } from '../errors/errors.ts';
import type { Reply } from '../transport/contract.ts';
import type { ApplyContext } from './contract.ts';
import { failedScript } from './reply-lines.ts';

const lockFiles =
  '/var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock /var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock /lib/apk/db/lock';
const pidFiles =
  '/run/yum.pid /var/run/yum.pid /run/zypp.pid /var/cache/dnf/metadata_lock.pid /var/lib/dnf/rpmdb_lock.pid';

/** Prints "LOCK PID COMMAND" of who holds a package manager's lock: /proc/locks tells without fuser or lsof. */
const holderScript = `for f in ${lockFiles}; do
  [ -e "$f" ] || continue
  i=$(stat -c %i -- "$f") || continue
  while read -r _ kind _ _ pid where _; do
    [ "$kind" != '->' ] && [ "\${where##*:}" = "$i" ] && [ "$pid" -gt 0 ] || continue
    echo "$f $pid $(tr '\\0' ' ' < /proc/$pid/cmdline 2>/dev/null)"; exit 0
  done < /proc/locks
done
for f in ${pidFiles}; do
  [ -s "$f" ] && read -r pid _ < "$f" && [ -d "/proc/$pid" ] || continue
  echo "$f $pid $(tr '\\0' ' ' < /proc/$pid/cmdline 2>/dev/null)"; exit 0
done
`;

const lockedMessage =
  /could not get lock|unable to (?:acquire|lock)|is locked by another|system management is locked|temporarily unavailable/i;

/** Runs a package manager, waiting while another program holds its lock, no longer than `limitSeconds`. Throws TaskError. */
export async function runPackageManager(
  script: string,
  what: string,
  limitSeconds: number,
  context: ApplyContext,
): Promise<Reply> {
  const limit = Date.now() + limitSeconds * 1000;
  for (;;) {
    const holder = (await context.sh(holderScript)).stdout.trim();
    if (holder === '') {
      const reply = await context.sh(script);
      if (reply.rc === 0) return reply;
      if (!lockedMessage.test(reply.stderr + reply.stdout) || Date.now() >= limit) throw failedScript(reply, what);
    } else if (Date.now() >= limit) {
      const [file = '', pid = '', ...command] = holder.split(' ');
      throw new TaskError(
        `${what}: ${file} is held by process ${pid} (${command.join(' ').trim()}) for more than ${limitSeconds} s`,
        {
          hint: 'wait for it to end, or raise lock_timeout',
        },
      );
    }
    context.progress(`${what}: waits for ${holder || 'the package lock'}`);
    await context.sleep(1000);
  }
}
