import { quote } from '../sh/quote.ts';
import type { HostModule } from './contract.ts';
import { attributesNow } from './file-attributes.ts';
import type { TempfileArgs } from './generated/tempfile.ts';
import { pathWord } from './host-path.ts';
import { statFunctions } from './path-state.ts';
import { failedScript } from './reply-lines.ts';

/** mktemp(1) of BusyBox takes X's only at the end, so the suffix comes after: a name that is taken then is tried anew. */
function script(args: TempfileArgs): string {
  const directory = args.path === undefined ? `"\${TMPDIR:-/tmp}"` : pathWord(args.path);
  const make = args.state === 'directory' ? 'mkdir "$t"' : '(set -C; : >"$t") 2>/dev/null';
  return `${statFunctions}umask 077
d=${directory}
[ -d "$d" ] || { echo "there is no directory $d" >&2; exit 1; }
for i in 1 2 3 4 5 6 7 8 9; do
  n=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \\n') || exit
  t=\${d%/}/${quote(args.prefix)}$n${quote(args.suffix)}
  if ${make}; then
    stat_block "$t"
    printf '%s' "$t"
    exit 0
  fi
done
echo "no file could be made in $d" >&2
exit 1
`;
}

export const tempfile: HostModule<TempfileArgs, undefined> = {
  kind: 'host',
  name: 'tempfile',
  fusable: false,
  read: () => ({}),
  parse: () => undefined,
  plan(_state, args, env) {
    if (/[/\0]/.test(args.prefix + args.suffix))
      return { changes: [], failed: 'prefix and suffix may not hold a slash' };
    if (env.check) return { changes: [], skipped: 'remote module (tempfile) does not support check mode' };
    return { changes: [{ what: `temporary ${args.state}`, before: null, after: `${args.prefix}…${args.suffix}` }] };
  },
  async apply(_plan, args, context) {
    const reply = await context.sh(script(args));
    if (reply.rc !== 0) throw failedScript(reply, `making a temporary ${args.state}`);
    const path = reply.stdout.split('\n').slice(3).join('\n');
    return { ...attributesNow(reply), path };
  },
};
