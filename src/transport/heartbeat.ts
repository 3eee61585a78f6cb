import { endProcessFunctions } from '../sh/end-process.ts';
import type { Channel } from './channel.ts';
import type { Identity } from './handshake.ts';
import { asProgram } from './loop.ts';

export const beatMs = 15_000;
/** Three beats missed: the connection is cut, though sshd may not notice for hours. */
const silenceSeconds = 45;

/** How the program on the host waits for one: a process for each beat, by which others there can tell that one came. */
export const readBeat = 'dd bs=1 count=1';

/** How long the session shell has to end its script by itself before everything under it is killed. */
const graceSeconds = 8;

/**
 * Lets a cut-off session shell end itself: a second program on the host, fed a byte every 15 s, ends the shell when the bytes stop
 * or the connection closes. The host's own clock is not read; `timeout` measures a span.
 */
export class Heartbeat {
  readonly #channel: Channel;
  readonly #timer: NodeJS.Timeout;

  constructor(channel: Channel, identity: Identity) {
    this.#channel = channel;
    channel.stdin.on('error', () => undefined);
    channel.stdout.resume();
    channel.stderr.resume();
    channel.stdin.write(watchProgram(identity));
    channel.stdin.write('h');
    this.#timer = setInterval(() => channel.stdin.write('h'), beatMs);
    this.#timer.unref();
    void channel.ended.then(() => clearInterval(this.#timer));
  }

  /** After the shell has ended; then the watcher finds nothing to do. */
  close(): void {
    clearInterval(this.#timer);
    this.#channel.stdin.end();
  }
}

function watchProgram({ pid, startTime }: Identity): Buffer {
  return asProgram(`export LC_ALL=C
trap '' HUP
${endProcessFunctions}
while [ "$(timeout ${silenceSeconds} ${readBeat} 2>/dev/null)" = h ]; do :; done
end_shell ${pid} ${startTime} ${graceSeconds}
`);
}
