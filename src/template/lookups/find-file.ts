import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { environment } from '../environment.ts';
import type { Scope } from '../values.ts';

/** Where Ansible looks for a file that a task names: the role, the file's own directory, the playbook's. */
export function candidates(scope: Scope, name: string, folder: string): string[] {
  const home = environment('HOME');
  const path = home === undefined ? name : name.replace(/^~(?=\/|$)/, () => home);
  if (isAbsolute(path)) return [path];
  const bases = [scope.lookup('role_path'), scope.baseDir, scope.lookup('playbook_dir')].filter(
    (base) => typeof base === 'string',
  );
  return [...new Set(bases.flatMap((base) => [join(base, folder, path), join(base, path)]))];
}

export function findFile(scope: Scope, name: string, folder: string): string | undefined {
  return candidates(scope, name, folder).find((path) => existsSync(path));
}
