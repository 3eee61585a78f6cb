import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { ApplyContext, PlanEnv } from '../../src/modules/contract.ts';
import { hostModule, withDefaults } from './local-host.ts';

/** A module's case as data: what it was asked, what the host said, and what must come of it. */
interface Case {
  readonly name: string;
  readonly args: Record<string, unknown>;
  /** stdout of the read; NUL written as `\0`. */
  readonly reply: string;
  readonly env?: Partial<PlanEnv>;
  readonly expect: {
    readonly changes?: readonly unknown[];
    readonly result?: Record<string, unknown>;
    readonly failed?: string;
    readonly skipped?: string;
    readonly applies?: boolean;
    /** Each must stand in the scripts that apply sends. */
    readonly script?: readonly string[];
    readonly stdin?: string;
  };
}

const root = import.meta.dirname;
const files = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap((entry) =>
    readdirSync(join(root, entry.name))
      .filter((name) => name.endsWith('.yml'))
      .map((name) => join(entry.name, name)),
  );

/** Collects scripts instead of running them; everything succeeds and says nothing. */
function recorder(): { context: ApplyContext; sent: { script: string; stdin: string }[] } {
  const sent: { script: string; stdin: string }[] = [];
  const sh: ApplyContext['sh'] = async (script, options) => {
    sent.push({ script, stdin: options?.stdin?.toString() ?? '' });
    return { rc: 0, stdout: '', stderr: '' };
  };
  const refuse = () => Promise.reject(new Error('not in a case'));
  const context: ApplyContext = {
    host: 'h1',
    diff: true,
    signal: new AbortController().signal,
    cacheDir: '/nowhere',
    sh,
    on: () => ({ sh }),
    stateOf: () => ({ sh }),
    query: refuse,
    link: refuse,
    openStream: refuse,
    once: (_key, work) => work(),
    reconnect: async () => undefined,
    ask: async () => undefined,
    progress: () => undefined,
    output: () => undefined,
    sleep: async () => undefined,
  };
  return { context, sent };
}

test('there are cases', () => {
  expect(files.length).toBeGreaterThan(5);
});

describe.each(files)('%s', (file) => {
  const cases = parse(readFileSync(join(root, file), 'utf8')) as Case[];
  test.each(cases)('$name', async ({ args, reply, env, expect: expected }) => {
    const module = await hostModule(file.split('/')[0] ?? '');
    const full = withDefaults(module.name, args);
    const state = module.parse({ reply: { rc: 0, stdout: reply, stderr: '' }, nodes: [] }, full);
    const plan = module.plan(state, full, { host: 'h1', check: false, diff: true, changesPredicted: false, ...env });
    expect(plan.failed).toBe(expected.failed);
    expect(plan.skipped).toBe(expected.skipped);
    expect(plan.applies ?? false).toBe(expected.applies ?? false);
    expect(plan.changes).toEqual(expected.changes ?? []);
    if (expected.result !== undefined) expect(plan.result).toMatchObject(expected.result);
    if (expected.script === undefined) return;
    const { context, sent } = recorder();
    await module.apply(plan, full, context, state);
    const scripts = sent.map(({ script }) => script).join('\n');
    for (const line of expected.script) expect(scripts).toContain(line);
    if (expected.stdin !== undefined) expect(sent.map(({ stdin }) => stdin).join('')).toBe(expected.stdin);
  });
});
