import { quote } from '../../sh/quote.ts';

/** A port that is listened on for a moment. */
export interface ListenAt {
  readonly host: string;
  readonly address: string;
  readonly port: number;
}

/** Tenths of a second, more than any round of attempts takes. */
const LIFETIME = 600;

/**
 * Servers without data or files of their own that listen until one of them is told to shut down, or their time is over: a closed port
 * must not keep its own from being ended. They stay in the script's process group, so that they end with what else a killed run left.
 * Their password is the script's stdin. Fails with the log of one that could not start.
 */
export function listenScript(server: string, ports: readonly ListenAt[], anyAddress: boolean): string {
  const starts = ports.map(
    ({ address, port }, index) =>
      `listen ${index} ${quote(`port ${port}`)} ${anyAddress ? '' : quote(`bind ${address}`)} &`,
  );
  return `umask 077
read -r P
L=$(mktemp -d) || exit 1
trap 'rm -rf "$L"' EXIT
trap 'exit 143' HUP INT TERM
listen() {
  i=$1; shift
  printf '%s\\n' 'save ""' 'appendonly no' 'databases 1' 'dir /' 'logfile ""' "requirepass $P" "$@" |
    ${quote(server)} - >"$L/log.$i" 2>&1 &
  echo $! >"$L/pid.$i"
  wait $!; rc=$?
  [ ! -e "$L/end" ] || return
  [ "$rc" = 0 ] || cp "$L/log.$i" "$L/failed"
  : >"$L/end"
}
${starts.join('\n')}
n=0
until [ -e "$L/end" ] || [ $n -ge ${LIFETIME} ]; do sleep 0.1 2>/dev/null || sleep 1; n=$((n + 1)); done
: >"$L/end"
kill $(cat "$L"/pid.*) 2>/dev/null
wait
[ ! -e "$L/failed" ] || { tail -n 3 "$L/failed"; exit 1; }`;
}
