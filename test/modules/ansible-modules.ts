import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const builtin = '/usr/lib/python3/dist-packages/ansible/modules';
const collections = '/usr/lib/python3/dist-packages/ansible_collections';
const elsewhere: Readonly<Record<string, string>> = {
  authorized_key: `${collections}/ansible/posix/plugins/modules`,
  ini_file: `${collections}/community/general/plugins/modules`,
  mount: `${collections}/ansible/posix/plugins/modules`,
  pam_limits: `${collections}/community/general/plugins/modules`,
};

/** What Ansible's own modules answer, in order; each runs on this machine. */
export function runAnsibleModules(calls: readonly (readonly [string, Record<string, unknown>])[]) {
  const input = calls.map(([name, args]) => [`${elsewhere[name] ?? builtin}/${name}.py`, args]);
  const output = execFileSync('/usr/bin/python3', [join(import.meta.dirname, 'ansible-modules.py')], {
    input: JSON.stringify(input),
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(output.toString()) as Record<string, unknown>[];
}
