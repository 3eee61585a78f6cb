import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { ApplyContext, HostModule, Plan, PlanEnv, PrepareEnv, Result } from '../../src/modules/contract.ts';
import { moduleNamed } from '../../src/modules/registry.ts';
import type { Reply, ShOptions } from '../../src/transport/contract.ts';

/** A userland to run scripts in: the shell's argv and where its tools are. */
export interface Userland {
  readonly name: string;
  readonly shell: readonly string[];
  readonly path: string;
}

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** dash and bash with coreutils, and BusyBox with nothing but its own applets. */
export function userlands(): Userland[] {
  const found: Userland[] = [
    { name: 'dash', shell: ['/bin/dash'], path: systemPath },
    { name: 'bash --posix', shell: ['/bin/bash', '--posix'], path: systemPath },
  ];
  // One directory for all test files: a worker of the test runner gives no moment to remove its own.
  const applets = join(tmpdir(), 'rcdeploy-busybox');
  mkdirSync(applets, { recursive: true });
  if (!existsSync(join(applets, 'sh'))) execFileSync('busybox', ['--install', '-s', applets]);
  return [...found, { name: 'busybox', shell: [join(applets, 'sh')], path: applets }];
}

async function run(userland: Userland, script: string, options: ShOptions = {}): Promise<Reply> {
  const [command = '/bin/sh', ...words] = userland.shell;
  const env = { PATH: userland.path, HOME: '/root', TMPDIR: tmpdir(), LC_ALL: 'C', ...options.env };
  const child = spawn(command, [...words, '-c', `umask 022\n${script}`], { env, cwd: '/' });
  const output: Record<'stdout' | 'stderr', Buffer[]> = { stdout: [], stderr: [] };
  child.stdout.on('data', (chunk: Buffer) => output.stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.stderr.push(chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const rc = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 255)));
  return { rc, stdout: Buffer.concat(output.stdout).toString(), stderr: Buffer.concat(output.stderr).toString() };
}

/** Arguments as a module gets them: the schema's defaults filled in. */
export function withDefaults(name: string, args: Record<string, unknown>): Record<string, unknown> {
  const schema = JSON.parse(readFileSync(`schemas/modules/${name}.json`, 'utf8')) as {
    properties: Record<string, { default?: unknown }>;
  };
  const defaults = Object.entries(schema.properties).filter(([, property]) => property.default !== undefined);
  return { ...Object.fromEntries(defaults.map(([key, property]) => [key, property.default])), ...args };
}

type AnyModule = HostModule<Record<string, unknown>, unknown>;

export async function hostModule(name: string): Promise<AnyModule> {
  const module = await moduleNamed(name);
  if (module?.kind !== 'host') throw new Error(`${name} is no host module`);
  return module as unknown as AnyModule;
}

const findFile = (name: string) => name;
const renderTemplate = (text: string) => text.replace('{{ port }}', '6379');
const prepareEnv: PrepareEnv = {
  findFile,
  renderTemplate,
  scope: { lookup: () => undefined },
  host: 'h1',
  span: undefined,
};

export interface Host {
  plan(name: string, args: Record<string, unknown>, env?: Partial<PlanEnv>): Promise<Plan>;
  /** Read, plan and, when there is something to do, apply: what the engine does with a task. */
  task(name: string, args: Record<string, unknown>): Promise<Result & { readonly changed: boolean }>;
}

export function localHost(userland: Userland, cacheDir: string): Host {
  mkdirSync(cacheDir, { recursive: true });
  const context: ApplyContext = {
    host: 'h1',
    diff: true,
    signal: new AbortController().signal,
    cacheDir,
    sh: (script, options) => run(userland, script, options),
    on: () => ({ sh: (script, options) => run(userland, script, options) }),
    stateOf: () => ({ sh: (script, options) => run(userland, script, options) }),
    query: () => Promise.reject(new Error('no node here')),
    link: () => Promise.reject(new Error('no node here')),
    openStream: (to) =>
      new Promise((resolve, reject) => {
        const socket = 'path' in to ? connect(to.path) : connect({ host: to.address, port: to.port });
        socket.once('connect', () => resolve(socket));
        socket.once('error', reject);
      }),
    once: (_key, work) => work(),
    reconnect: async () => undefined,
    ask: async () => undefined,
    progress: () => undefined,
    output: () => undefined,
    sleep: async (ms) => {
      await delay(ms);
    },
  };
  const look = async (name: string, args: Record<string, unknown>, env: Partial<PlanEnv> = {}) => {
    const module = await hostModule(name);
    const full = withDefaults(name, args);
    const prepared = (await module.prepare?.(full, prepareEnv)) ?? full;
    const { script } = module.read(prepared);
    const reply = script === undefined ? { rc: 0, stdout: '', stderr: '' } : await run(userland, script);
    const state = module.parse({ reply, nodes: [] }, prepared);
    const plan = module.plan(state, prepared, {
      host: 'h1',
      check: false,
      diff: true,
      changesPredicted: false,
      ...env,
    });
    return { module, prepared, state, plan };
  };
  return {
    plan: async (name, args, env) => (await look(name, args, env)).plan,
    async task(name, args) {
      const { module, prepared, state, plan } = await look(name, args);
      if (plan.failed !== undefined) throw new Error(plan.failed);
      const changed = plan.changes.length > 0;
      if (!changed && !plan.applies) return { ...plan.result, changed };
      return { ...plan.result, changed, ...(await module.apply(plan, prepared, context, state)) };
    },
  };
}

/** P4 and P5 for any task: check predicts, apply changes once, and then nothing is left to do. */
export async function converges(
  host: Host,
  name: string,
  args: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const predicted = await host.plan(name, args, { check: true });
  expect(predicted.failed).toBeUndefined();
  expect(predicted.changes.length).toBeGreaterThan(0);
  const result = await host.task(name, args);
  expect(result.changed).toBe(true);
  const after = await host.plan(name, args);
  expect([after.failed, after.changes]).toEqual([undefined, []]);
  return result;
}
