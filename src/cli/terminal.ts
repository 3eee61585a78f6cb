import { Mask } from '../report/mask.ts';
import { Output } from '../report/output.ts';

/** What every command shares: the mask of this process and the one way out through it. */
export const mask = new Mask();
export const output = new Output({ stdout: process.stdout, stderr: process.stderr }, mask);

/** Colour on a terminal, unless the user says otherwise (https://no-color.org). */
export function wantsColour(): boolean {
  if (process.env.NO_COLOR) return false;
  return process.stdout.isTTY === true && process.env.TERM !== 'dumb';
}
