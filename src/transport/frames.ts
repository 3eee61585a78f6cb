import type { Writable } from 'node:stream';

/** One write of the host's `dd`; what a message may be late by when the script is to be stopped. */
const frameSize = 256 * 1024;

/**
 * Sends a script's stdin in frames and ends it with an empty one. After an abort nothing more goes out: the shell, told to
 * stop between two frames, never closes the script's stdin, so a script cannot take half an input for a whole one.
 * Resolves with whether all went out.
 */
export async function sendFrames(
  stdin: Writable,
  bytes: Buffer,
  signal: AbortSignal,
  onProgress: () => void,
): Promise<boolean> {
  for (let at = 0; at < bytes.length && !signal.aborted; at += frameSize) {
    const frame = bytes.subarray(at, at + frameSize);
    stdin.write(`${frame.length}\n`);
    if (!stdin.write(frame)) {
      await drained(stdin, signal);
    }
    onProgress();
  }
  if (!signal.aborted) {
    stdin.write('0\n');
  }
  return !signal.aborted;
}

function drained(stdin: Writable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stdin.off('drain', done);
      stdin.off('close', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    stdin.on('drain', done);
    stdin.on('close', done);
    signal.addEventListener('abort', done);
  });
}
