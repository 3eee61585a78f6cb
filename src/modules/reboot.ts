import { TaskError, UnreachableError } from '../errors/errors.ts';
import { quote, quoteAll } from '../sh/quote.ts';
import type { ApplyContext, HostModule } from './contract.ts';
import type { RebootArgs } from './generated/reboot.ts';
import { waitForReturn } from './host-return.ts';
import { failedScript } from './reply-lines.ts';

/** Detached, and a second later: the script's own exit status shall still come back. */
function rebootScript(args: RebootArgs): string {
  const places = args.search_paths.map((place) => `${place}/`);
  const message = quote(args.msg);
  const known = `for d in ${quoteAll(places)}; do [ -x "$d"shutdown ] && { c="$d"shutdown; break; }; done
if [ -n "$c" ]; then set -- "$c" -r now ${message}
elif [ -d /run/systemd/system ]; then set -- systemctl reboot
else
  for d in ${quoteAll(places)}; do [ -x "$d"reboot ] && { c="$d"reboot; break; }; done
  [ -n "$c" ] || { echo "neither shutdown nor reboot is in ${args.search_paths.join(', ').replace(/["$\\`]/g, '\\$&')}" >&2; exit 1; }
  set -- "$c"
fi
`;
  const start = args.reboot_command === undefined ? 'exec "$@"' : `exec /bin/sh -c ${quote(args.reboot_command)}`;
  return `c=
${args.reboot_command === undefined ? known : ''}command -v setsid >/dev/null 2>&1 && s=setsid || s=
$s /bin/sh -c 'sleep 1; ${start.replaceAll("'", "'\\''")}' sh "$@" </dev/null >/dev/null 2>&1 &
`;
}

async function ask(script: string, context: ApplyContext): Promise<string> {
  const reply = await context.sh(`${script}\n`);
  if (reply.rc !== 0) throw failedScript(reply, `\`${script}\``);
  return reply.stdout;
}

async function goDown(args: RebootArgs, context: ApplyContext): Promise<void> {
  try {
    const reply = await context.sh(rebootScript(args));
    if (reply.rc !== 0) throw failedScript(reply, `restarting ${context.host}`);
  } catch (error) {
    // It went down faster than its answer came.
    if (!(error instanceof UnreachableError)) throw error;
  }
}

/** The whole wait is bounded twice: for a new boot, and then for the test command, as Ansible counts it. */
export const reboot: HostModule<RebootArgs, undefined> = {
  kind: 'host',
  name: 'reboot',
  fusable: false,
  read: () => ({}),
  parse: () => undefined,
  plan: () => ({ changes: [{ what: 'host', before: 'running', after: 'restarted' }] }),
  async apply(_plan, args, context) {
    const start = performance.now();
    const elapsed = () => Math.round((performance.now() - start) / 1000);
    const before = await ask(args.boot_time_command, context);
    if (args.pre_reboot_delay > 0) {
      context.progress(`waits ${args.pre_reboot_delay} s before the restart`);
      await context.sleep(args.pre_reboot_delay * 1000);
    }
    await goDown(args, context);
    await context.sleep(1000);
    await context.reconnect();
    const limits = {
      timeoutMs: args.reboot_timeout * 1000,
      sleepMs: 1000,
      tryMs: args.connect_timeout * 1000,
    };
    try {
      await waitForReturn(
        {
          ...limits,
          what: `${context.host} to restart`,
          script: `${args.boot_time_command}\n`,
          isBack: ({ rc, stdout }) => rc === 0 && stdout !== before,
        },
        context,
      );
      await context.sleep(args.post_reboot_delay * 1000);
      await waitForReturn(
        {
          ...limits,
          what: `\`${args.test_command}\` to succeed`,
          script: `${args.test_command}\n`,
          isBack: ({ rc }) => rc === 0,
        },
        context,
      );
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      throw new TaskError(error.message, { details: { rebooted: true, elapsed: elapsed() } });
    }
    return { changed: true, rebooted: true, elapsed: elapsed() };
  },
};
