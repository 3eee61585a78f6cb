import { TaskError } from '../errors/errors.ts';

/** A keyword's value as a boolean, with YAML 1.1's words as Ansible's users write them. `undefined` and null are false. */
export function toBoolean(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === 'boolean') return value;
  if (value === 1 || value === 0) return value === 1;
  const word = String(value).trim().toLowerCase();
  if (['yes', 'on', 'true', '1', 'y', 't'].includes(word)) return true;
  if (['no', 'off', 'false', '0', 'n', 'f', ''].includes(word)) return false;
  throw new TaskError(`'${value}' is neither true nor false`, { hint: 'write true or false' });
}

/** A keyword's value as a finite number, or `fallback` when it is absent. */
export function toNumber(value: unknown, fallback: number, keyword: string): number {
  if (value === undefined || value === null) return fallback;
  const number = Number(value);
  if (!Number.isFinite(number) || String(value).trim() === '')
    throw new TaskError(`${keyword}: '${value}' is not a number`);
  return number;
}
