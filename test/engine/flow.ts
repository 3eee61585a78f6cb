import { join } from 'node:path';
import type { RunRequest } from '../../src/engine/request.ts';
import { directoryWith, type Played, play } from './play.ts';

const inventory = `
all:
  vars: {ansible_connection: local}
  children:
    web: {hosts: {h1: {zone: a}, h2: {zone: b}, h3: {zone: a}}}
`;

/** Run a playbook that needs nothing of its hosts, files beside it, on three names of this machine. Check mode heeds no lock of another test. */
export async function flow(
  text: string,
  files: Readonly<Record<string, string>> = {},
  options: Partial<RunRequest> = {},
): Promise<Played & { readonly said: readonly string[]; readonly dir: string }> {
  const dir = directoryWith({ 'play.yml': text, 'hosts.yml': inventory, ...files });
  const played = await play(join(dir, 'play.yml'), join(dir, 'hosts.yml'), { check: true, ...options });
  return { ...played, dir, said: messagesOf(played) };
}

/** `host: message` of every debug task, in the order in which they were told. */
function messagesOf({ results }: Played): string[] {
  return results
    .filter(({ module, item, status }) => module === 'debug' && status !== 'skipped' && item === undefined)
    .map(({ host, result }) => `${host}: ${typeof result.msg === 'string' ? result.msg : JSON.stringify(result.msg)}`);
}

/** Titles of tasks with the hosts that they began on, in order. */
export function stepsOf({ events }: Played): string[] {
  return events.flatMap((event) => (event.event === 'task_start' ? [`${event.task} @ ${event.hosts.join(' ')}`] : []));
}
