import { UnreachableError } from '../errors/errors.ts';
import type { Channel } from './channel.ts';

/** Which process the session shell is; `uid` tells whether it is root. */
export interface Identity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat, in clock ticks since the host's boot. */
  readonly startTime: string;
  readonly bootId: string;
  readonly uid: number;
  /** The host can unpack gzip. */
  readonly gzip: boolean;
}

/** A login shell's banner may be long; a host that talks on and on is not one of ours. */
const bannerLimit = 256 * 1024;
const answerMs = 60_000;

/** Waits for the shell's first line, past whatever a login shell, sudo or a profile prints before it. */
export function shakeHands(host: string, channel: Channel, mark: string): Promise<Identity> {
  return new Promise((resolve, reject) => {
    let seen = '';
    let complaints = '';
    const fail = (why: string, refused = false) => {
      settle();
      const said = [complaints, seen].map((text) => text.trim().slice(-500)).filter((text) => text !== '');
      reject(
        new UnreachableError(
          host,
          said.length === 0 ? why : `${why}; it said: ${said.join(' / ')}`,
          'The login must be able to run /bin/sh without a terminal.',
          refused,
        ),
      );
    };
    const limit = setTimeout(() => {
      // It would hang as long again.
      fail(`The shell did not answer within ${answerMs / 1000} s`, true);
      channel.destroy();
    }, answerMs);
    const onStderr = (chunk: Buffer) => {
      complaints = (complaints + chunk.toString()).slice(-2000);
    };
    const onStdout = (chunk: Buffer) => {
      seen += chunk.toString();
      const at = seen.indexOf(`${mark} `);
      const end = seen.indexOf('\n', at);
      if (at === -1 || end === -1) {
        if (seen.length > bannerLimit) {
          fail('The login printed without end and never ran the shell', true);
          channel.destroy();
        }
        return;
      }
      const [word, pid = '', startTime = '', bootId = '', uid = '', gzip = ''] = seen
        .slice(at + mark.length + 1, end)
        .split(' ');
      if (word !== 'ready') {
        fail('The host has no /proc, which rcdeploy needs to know its own processes');
        return;
      }
      settle();
      resolve({ pid: Number(pid), startTime, bootId, uid: Number(uid), gzip: gzip !== '' });
    };
    const settle = () => {
      clearTimeout(limit);
      channel.stdout.off('data', onStdout);
      channel.stderr.off('data', onStderr);
    };
    channel.stdout.on('data', onStdout);
    channel.stderr.on('data', onStderr);
    void channel.ended.then((how) => fail(`The shell could not be started${how === '' ? '' : ` (${how})`}`));
  });
}
