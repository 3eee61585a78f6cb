import { stringify } from 'yaml';
import type { RunRequest } from '../../src/engine/request.ts';
import type { Lab } from '../../src/lab/contract.ts';
import { directoryWith, type Played, play } from '../engine/play.ts';

type Vars = Readonly<Record<string, unknown>>;

/** An inventory of these hosts of a lab, each with these variables besides the lab's own; other names get only theirs. */
export function inventoryOf(lab: Lab, hosts: Readonly<Record<string, Vars>>): string {
  const all = Object.entries(hosts).map(([name, vars]) => {
    const host = lab.hosts.find((one) => one.name === name);
    return [name, { ...(host && { ansible_host: host.address, zone: host.zone }), ...vars }];
  });
  const text = stringify({
    all: {
      vars: {
        ansible_user: 'root',
        ansible_ssh_private_key_file: lab.keyFile,
        ansible_ssh_common_args: sshArgs(lab),
      },
      children: { redis: { hosts: Object.fromEntries(all) } },
    },
  });
  return `${directoryWith({ 'hosts.yml': text })}/hosts.yml`;
}

/** What the lab's hosts need of ssh's options, and more. */
export function sshArgs(lab: Lab, more = ''): string {
  return `-o UserKnownHostsFile=${lab.knownHostsFile} -o IdentitiesOnly=yes ${more}`.trim();
}

/** One task on each of these hosts. */
export function tryTask(
  lab: Lab,
  hosts: Readonly<Record<string, Vars>>,
  task: string,
  options: Partial<RunRequest> = {},
): Promise<Played> {
  const playbook = `- hosts: all\n  gather_facts: false\n  tasks:\n    - ${task}\n`;
  return play(playbook, inventoryOf(lab, hosts), options);
}

/** All that a user is told of what went wrong, hints included. */
export function told(played: Played): string {
  const lines = played.events.flatMap((event) => {
    if (event.event === 'warning') return [`${event.host ?? ''}: ${event.message}`];
    if (event.event !== 'result' || !['failed', 'unreachable'].includes(event.status)) return [];
    return [`${event.host} ${event.status}: ${event.result.msg} | ${event.hint ?? ''}`];
  });
  return [...lines, played.end.message ?? ''].join('\n');
}
