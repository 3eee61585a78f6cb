import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { RunRequest } from '../../src/engine/request.ts';
import { run } from '../../src/engine/run.ts';
import { loadInventory } from '../../src/inventory/inventory.ts';
import { loadPlaybook } from '../../src/playbook/playbook.ts';
import type { RunEvent } from '../../src/report/contract.ts';

export type ResultEvent = Extract<RunEvent, { event: 'result' }>;
export type EndEvent = Extract<RunEvent, { event: 'run_end' }>;

export interface Played {
  readonly exit: number;
  readonly events: readonly RunEvent[];
  readonly results: readonly ResultEvent[];
  readonly end: EndEvent;
  /** `task host[ item]: status`, in the order of the playbook, hosts sorted within a task. */
  readonly lines: readonly string[];
}

/** What the command line says of connections when it says nothing. */
export const defaults: RunRequest['defaults'] = {
  user: undefined,
  password: undefined,
  privateKeyFile: undefined,
  become: false,
  becomeUser: undefined,
  becomeMethod: undefined,
  becomePassword: undefined,
  connectTimeoutMs: 10_000,
  agentSocket: undefined,
};

/** A directory of its own with these files. */
export function directoryWith(files: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(tmpdir(), 'rcdeploy-play-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  return dir;
}

/** Run a playbook, given as text or as a file, against an inventory, and collect what it tells. */
export async function play(
  playbook: string,
  inventory: string,
  { watch, ...options }: Partial<RunRequest> & { readonly watch?: (event: RunEvent) => void } = {},
): Promise<Played> {
  const file = playbook.includes('\n') ? join(directoryWith({ 'play.yml': playbook }), 'play.yml') : playbook;
  const events: RunEvent[] = [];
  const exit = await run({
    playbooks: [await loadPlaybook(file)],
    inventory: await loadInventory([inventory]),
    inventorySources: [inventory],
    limit: undefined,
    tags: [],
    skipTags: [],
    extraVars: { origin: 'extra vars', vars: {} },
    forks: 50,
    check: false,
    diff: false,
    forceHandlers: false,
    verbosity: 0,
    startAtTask: undefined,
    defaults,
    acceptNewHostKeys: false,
    lockWaitMs: 0,
    fuse: true,
    cacheDir: mkdtempSync(join(tmpdir(), 'rcdeploy-cache-')),
    signal: new AbortController().signal,
    emit: (event) => {
      events.push(event);
      watch?.(event);
    },
    addSecret: () => undefined,
    version: 'test',
    controlPid: process.pid,
    ...options,
  });
  const results = events.filter((event): event is ResultEvent => event.event === 'result');
  const end = events.at(-1);
  if (end?.event !== 'run_end') throw new Error('a run must end with run_end');
  return { exit, events, results, end, lines: linesOf(events) };
}

function linesOf(events: readonly RunEvent[]): string[] {
  const order = events.flatMap((event) => (event.event === 'task_start' ? [event.id] : []));
  const results = events.filter((event): event is ResultEvent => event.event === 'result');
  return results
    .map((event, index) => ({ event, index, task: order.indexOf(event.id) }))
    .sort((a, b) => a.task - b.task || compare(a.event.host, b.event.host) || a.index - b.index)
    .map(
      ({ event }) => `${event.task} ${event.host}${event.item === undefined ? '' : ` ${event.item}`}: ${event.status}`,
    );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
