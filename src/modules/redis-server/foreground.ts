import { TaskError } from '../../errors/errors.ts';
import { quote } from '../../sh/quote.ts';
import type { ApplyContext, Result } from '../contract.ts';
import { type ServerArgs, serverPath } from './server-args.ts';

/** A server may be silent for days; its end is what the task waits for. */
const SILENCE_MS = 2_000_000_000;

/**
 * Run the server as a child of the task, its log on the screen, until it ends or the run is interrupted: Ctrl-C asks it by
 * SIGTERM, upon which it saves and exits.
 */
export async function runInForeground(args: ServerArgs, context: ApplyContext): Promise<Result> {
  const { rc, stdout, stderr } = await context.sh(foregroundScript(args), {
    idleTimeoutMs: SILENCE_MS,
    onOutput: (chunk) => {
      for (const line of chunk.split('\n')) if (line.trim() !== '') context.output(line);
    },
  });
  if (rc === 0) return { changed: true, rc, stdout };
  throw new TaskError(`the server on port ${args.port} ended with exit status ${rc}`, {
    details: { rc, stdout, stderr },
  });
}

function foregroundScript(args: ServerArgs): string {
  const server = `${quote(serverPath(args))} ${quote(args.config)} --daemonize no --logfile ''`;
  return `umask 077
ulimit -n ${args.open_files} 2>/dev/null || ulimit -n "$(ulimit -Hn)" 2>/dev/null
user=${quote(args.user ?? '')} group=${quote(args.group ?? '')}
if [ -z "$user" ] || [ "$(id -u)" != 0 ] || [ "$user" = root ]; then exec ${server}; fi
command -v setpriv >/dev/null || { echo 'setpriv (util-linux) is needed to run as another user in the foreground' >&2; exit 1; }
exec setpriv --reuid "$user" --regid "\${group:-$(id -gn "$user")}" --init-groups ${server}`;
}
