import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RunEvent } from '../../src/report/contract.ts';
import { redisSource } from '../redis-source.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Finished {
  readonly exit: number | null;
  readonly events: readonly RunEvent[];
  readonly stderr: string;
  readonly end: Extract<RunEvent, { event: 'run_end' }> | undefined;
}

/** A running `rcdeploy`, the built one, as a user would start it. */
export interface Process {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
}

export function start(args: readonly string[]): Process {
  const child = spawn(process.execPath, [`${ROOT}dist/cli/main.js`, ...args, '--output', 'json'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const finished = new Promise<Finished>((resolve) => {
    child.once('close', (exit) => {
      const events = stdout.split('\n').flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as RunEvent] : []));
      const end = events.findLast((event) => event.event === 'run_end');
      resolve({ exit, events, stderr, end: end?.event === 'run_end' ? end : undefined });
    });
  });
  return { child, finished };
}

export function rcdeploy(...args: string[]): Promise<Finished> {
  return start(args).finished;
}

/** Options that build Redis from the distribution's upstream tarball, pinned by its digest; cached for all tests. */
export async function fromTarball(): Promise<string[]> {
  const { version, file, sha256 } = await redisSource();
  return ['-e', JSON.stringify({ redis_version: version, redis_source: file, redis_sha256: sha256 })];
}

/** Statuses of results, counted; items of loops are not counted twice. */
export function changedTasks(finished: Finished): string[] {
  return finished.events.flatMap((event) =>
    event.event === 'result' && event.status === 'changed' && event.item === undefined
      ? [`${event.task} ${event.host}`]
      : [],
  );
}

/** What failed and why, for messages of assertions. */
export function failures(finished: Finished): string {
  const failed = finished.events.flatMap((event) =>
    event.event === 'result' && ['failed', 'unreachable'].includes(event.status)
      ? [`${event.task} ${event.host}: ${event.result.msg}`]
      : [],
  );
  return [...failed, finished.end?.message ?? '', finished.stderr].join('\n');
}

export interface ClusterNode {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly zone: string | null;
  readonly role: string;
  readonly slots: string;
  readonly replica_of: string | null;
  readonly link: string | null;
}

/** The nodes in the result of the redis_cluster task. */
export function clusterNodes(finished: Finished): ClusterNode[] {
  const results = finished.events.flatMap((event) =>
    event.event === 'result' && event.result.cluster ? [event.result.cluster] : [],
  );
  const cluster = results.at(-1) as { nodes: ClusterNode[] } | undefined;
  return cluster?.nodes ?? [];
}
