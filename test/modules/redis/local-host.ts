import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import type { ApplyContext, Args, HostModule, Plan, PrepareEnv, Result } from '../../../src/modules/contract.ts';
import { openNodeLink, queryNode } from '../../../src/redis/node/client.ts';
import type { Reply, ShOptions } from '../../../src/transport/contract.ts';

/** Drives a module against this machine with a real sh and real Redis nodes: what the engine does, without the engine. */
export class LocalHost {
  readonly messages: string[] = [];
  readonly #shared = new Map<string, Promise<unknown>>();
  #interrupt: RegExp | undefined;
  readonly cacheDir: string;
  readonly name: string;

  constructor(cacheDir: string, name = 'here', shared?: LocalHost) {
    this.cacheDir = cacheDir;
    this.name = name;
    mkdirSync(cacheDir, { recursive: true, mode: 0o700 });
    if (shared) {
      this.#shared = shared.#shared;
    }
  }

  /** The next step that says so fails. Returns what it fails with. */
  interruptAfter(step: RegExp): string {
    this.#interrupt = step;
    return 'interrupted by the test';
  }

  async plan<A extends Args, S>(
    module: HostModule<A, S>,
    given: object,
    check = false,
  ): Promise<{ plan: Plan; args: A; state: S }> {
    const args = module.prepare ? await module.prepare(given as A, prepareEnv(this.name)) : (given as A);
    const request = module.read(args);
    const reply = request.script ? await sh(request.script) : { rc: 0, stdout: '', stderr: '' };
    const nodes = await Promise.all((request.nodes ?? []).map((query) => queryNode(() => openStream(query), query)));
    const elsewhere = await Promise.all((request.elsewhere ?? []).map(({ script }) => sh(script)));
    const state = module.parse({ reply, nodes, elsewhere }, args);
    const plan = module.plan(state, args, { host: this.name, check, diff: true, changesPredicted: false });
    return { plan, args, state };
  }

  /** Plan, and apply what is planned. */
  async run<A extends Args, S>(module: HostModule<A, S>, given: object): Promise<Result> {
    const { plan, args, state } = await this.plan(module, given);
    if (plan.failed !== undefined) {
      return { failed: true, msg: plan.failed };
    }
    const changed = plan.changes.length > 0;
    if (!changed && !plan.applies) {
      return { ...plan.result, changed: false };
    }
    return { ...plan.result, changed, ...(await module.apply(plan, args, this.#context(), state)) };
  }

  #context(): ApplyContext {
    return {
      host: this.name,
      diff: true,
      signal: new AbortController().signal,
      cacheDir: this.cacheDir,
      sh,
      on: () => ({ sh }),
      stateOf: () => ({ sh }),
      query: (query) => queryNode(() => openStream(query), query),
      link: (node) => openNodeLink(() => openStream(node), node),
      openStream,
      once: <T>(key: string, work: () => Promise<T>) => {
        const running = (this.#shared.get(key) as Promise<T> | undefined) ?? work();
        this.#shared.set(key, running);
        return running;
      },
      reconnect: async () => undefined,
      ask: async () => undefined,
      progress: (text) => {
        this.messages.push(text);
        if (this.#interrupt?.test(text)) {
          this.#interrupt = undefined;
          throw new Error('interrupted by the test');
        }
      },
      output: () => undefined,
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    };
  }
}

export function sh(script: string, options: ShOptions = {}): Promise<Reply> {
  const child = spawn('/bin/sh', ['-c', script], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', HOME: '/root', ...options.env },
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => {
    out.push(chunk);
    options.onOutput?.(chunk.toString());
  });
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    const done = (code: number | null) =>
      resolve({ rc: code ?? 255, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() });
    child.on('close', done);
    // A daemon that was started may hold the pipes open: then what comes within a moment of the exit is all there is.
    child.on('exit', (code) => setTimeout(done, 300, code));
  });
}

export function openStream(to: { address: string; port: number } | { path: string }): Promise<Duplex> {
  const socket = 'path' in to ? net.connect(to.path) : net.connect(to.port, to.address);
  return new Promise((resolve, reject) => socket.once('connect', () => resolve(socket)).once('error', reject));
}

function prepareEnv(host: string): PrepareEnv {
  return {
    findFile: (name) => name,
    renderTemplate: (text) => text,
    scope: { lookup: () => undefined },
    host,
    span: undefined,
  };
}
