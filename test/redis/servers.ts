import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { accessOf, type DeclaredCluster, type DeclaredNode } from '../../src/redis/cluster/topology.ts';
import { openNodeLink, queryNode } from '../../src/redis/node/client.ts';
import type { ClusterIo } from '../../src/redis/node/cluster-io.ts';
import type { NodeAccess, NodeAnswer, NodeLink, NodeQuery, RespValue } from '../../src/redis/node/contract.ts';

/** Where a query's stream goes on this machine. */
export function openLocal(query: Pick<NodeQuery, 'address' | 'port'>): () => Promise<Duplex> {
  return async () =>
    await new Promise((resolve, reject) => {
      const socket = connect({ host: query.address, port: query.port, noDelay: true });
      socket.once('connect', () => resolve(socket));
      socket.once('error', reject);
    });
}

export async function ask(query: NodeQuery): Promise<NodeAnswer> {
  return await queryNode(openLocal(query), query);
}

/** A link of its own to a node on this machine. */
export async function askKept(access: NodeAccess): Promise<NodeLink> {
  return await openNodeLink(openLocal(access), access);
}

/** Real redis-server processes on loopback, each with a directory of its own, all gone after {@link stopAll}. */
export class Servers {
  readonly #binary: string;
  readonly #running = new Map<number, ChildProcess>();
  #directory: string | undefined;

  constructor(binary = process.env.TEST_REDIS_SERVER ?? 'redis-server') {
    this.#binary = binary;
  }

  /** `file` is a config file that is read first; what it sets is not set again. */
  async start(port: number, settings: readonly string[] = [], clusterEnabled = true, file?: string): Promise<void> {
    this.#directory ??= mkdtempSync(join(tmpdir(), 'rcdeploy-redis-'));
    const timeout = file === undefined ? ['--cluster-node-timeout', '5000'] : [];
    const cluster = ['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${port}.conf`, ...timeout];
    const base = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', this.#directory];
    const names = ['--dbfilename', `${port}.rdb`, '--logfile', join(this.#directory, `${port}.log`)];
    const words = [
      ...(file === undefined ? [] : [file]),
      ...base,
      ...names,
      ...(clusterEnabled ? cluster : []),
      ...settings,
    ];
    this.#running.set(port, spawn(this.#binary, words, { stdio: 'ignore' }));
    const address = settings[settings.indexOf('--bind') + 1 || settings.length] ?? '127.0.0.1';
    await until(async () => (await this.#ping(port, address)) !== undefined, `redis-server on port ${port}`);
  }

  async #ping(port: number, address: string): Promise<RespValue | undefined> {
    const answer = await ask({ via: 'here', address, port, commands: [['PING']], timeoutMs: 1000 });
    if (!answer.ok) return answer.kind === 'auth' ? 'PONG' : undefined;
    return answer.replies[0];
  }

  /** Ends one server at once, as a crash would. */
  async kill(port: number): Promise<void> {
    const child = this.#running.get(port);
    this.#running.delete(port);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  /** What a replaced disk leaves of a server that was killed. */
  async wipe(port: number): Promise<void> {
    if (this.#directory === undefined) return;
    for (const file of [`nodes-${port}.conf`, `${port}.rdb`]) await rm(join(this.#directory, file), { force: true });
  }

  pause(port: number): void {
    this.#running.get(port)?.kill('SIGSTOP');
  }

  resume(port: number): void {
    this.#running.get(port)?.kill('SIGCONT');
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map(async (port) => await this.kill(port)));
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
    this.#directory = undefined;
  }
}

/** Waits for a condition, at most 20 s. */
export async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited 20 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export async function command(port: number, words: readonly string[], auth?: NodeQuery['auth']): Promise<RespValue> {
  const answer = await ask({ via: 'here', address: '127.0.0.1', port, auth, commands: [words] });
  if (!answer.ok) throw new Error(`${port}: ${answer.message}`);
  return answer.replies[0] ?? null;
}

export function localIo(changes: Partial<ClusterIo> = {}): ClusterIo {
  return {
    query: ask,
    link: async (node, encoding) => await askKept({ ...accessOf(node), encoding }),
    sleep: async (ms) => await new Promise((resolve) => setTimeout(resolve, ms)),
    progress: () => undefined,
    settingsInFile: async () => undefined,
    now: () => performance.now(),
    ...changes,
  };
}

/** A declared cluster of local nodes, one imaginary host each unless named. */
export function declared(
  ports: readonly number[],
  changes: Partial<DeclaredCluster> = {},
  hosts?: readonly string[],
): DeclaredCluster {
  const nodes = ports.map(
    (port, index): DeclaredNode => ({ host: hosts?.[index] ?? `h${index + 1}`, address: '127.0.0.1', port }),
  );
  return { name: 'main', nodes, replicas: 1, placement: 'zones', nodeTimeoutMs: 5000, allow: [], ...changes };
}
