import { canonicalAddress } from '../template/address.ts';
import type { ReplyLines } from './reply-lines.ts';

/** What /proc/net/tcp and tcp6 tell of one port. */
export interface Sockets {
  readonly listening: boolean;
  /** Connections to or from the port in one of these states, by other than these remote addresses. */
  connections(states: readonly string[], exclude: readonly string[]): number;
}

/** Local address, remote address and state of every TCP socket, in hexadecimal. */
export const readSockets = `for f in /proc/net/tcp /proc/net/tcp6; do
  [ ! -r "$f" ] || while read -r _ l r s _; do echo "$l $r $s"; done < "$f"
done
:
`;

const stateNames: Readonly<Record<string, string>> = {
  '01': 'ESTABLISHED',
  '02': 'SYN_SENT',
  '03': 'SYN_RECV',
  '04': 'FIN_WAIT1',
  '05': 'FIN_WAIT2',
  '06': 'TIME_WAIT',
};
const listenState = '0A';

export function localSockets(lines: ReplyLines, host: string, port: number): Sockets {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const sockets = lines
    .lines()
    .map((line) => line.split(' '))
    .map(([local = '', remote = '', state = '']) => ({
      local: addressOf(local),
      localPort: local.split(':')[1],
      remote: addressOf(remote),
      state,
    }))
    .filter(({ localPort }) => localPort === hexPort);
  const address = host === 'localhost' ? undefined : canonicalAddress(host);
  const here = (local: string) =>
    local === '0.0.0.0' ||
    local === '::' ||
    local === address ||
    (address === undefined && (local === '::1' || local.startsWith('127.')));
  return {
    listening: sockets.some(({ local, state }) => state === listenState && here(local)),
    connections: (states, exclude) =>
      sockets.filter(({ local, remote, state }) => {
        const inAddress =
          host === '0.0.0.0' || host === '::' || here(local) || (host === '127.0.0.1' && local.startsWith('127.'));
        return inAddress && states.includes(stateNames[state] ?? '') && !exclude.includes(remote);
      }).length,
  };
}

/** `0100007F:1A` is 127.0.0.1: words of four bytes, each in the byte order of a little-endian machine. */
function addressOf(hex: string): string {
  const bytes = [...(hex.split(':')[0] ?? '').matchAll(/(..)(..)(..)(..)/g)].flatMap(
    ([, a = '', b = '', c = '', d = '']) => [d, c, b, a],
  );
  const numbers = bytes.map((byte) => Number.parseInt(byte, 16));
  if (numbers.length === 4) return numbers.join('.');
  if (numbers.slice(0, 10).every((byte) => byte === 0) && numbers[10] === 255 && numbers[11] === 255)
    return numbers.slice(12).join('.');
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((numbers[2 * index] ?? 0) << 8) | (numbers[2 * index + 1] ?? 0)).toString(16),
  );
  return canonicalAddress(groups.join(':'));
}
