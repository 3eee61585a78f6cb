import { accessSync, constants } from 'node:fs';
import { ADMIN_PATH } from './command.ts';

/** The path of a program of this machine, administrative ones included. */
export function findProgram(program: string): string | undefined {
  return ADMIN_PATH.split(':')
    .map((dir) => `${dir}/${program}`)
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
