import { InvalidArgumentError } from 'commander';

/** Of options that take a number of hosts, seconds or runs. */
export function positive(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('give a whole number from 1 on.');
  return Number(text);
}
