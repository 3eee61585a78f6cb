import { expect, test } from 'vitest';
import type { ConfigArgs } from '../../../src/modules/redis_config.ts';
import type { ConfigState } from '../../../src/modules/redis-config/config-state.ts';
import { planConfig } from '../../../src/modules/redis-config/plan-config.ts';
import { configArgs, path } from './config-args.ts';

const DEFAULTS = { maxmemory: '0', hz: '10', save: '3600 1', databases: '16' };
const nothing = {
  unreadable: undefined,
  attributes: undefined,
  realDir: undefined,
  version: undefined,
  flavor: undefined,
};

/** What is not about drift of a node that answers. */
const PROCESS = {
  configError: undefined,
  configFile: path,
  pid: '1',
  version: undefined,
  inCluster: true,
  users: undefined,
};

/** A node that runs with this, and what is to be done by these rules; `text` is its file. */
function plan(
  settings: Record<string, unknown>,
  drift: ConfigArgs['drift'],
  text: string | undefined,
  config: Record<string, string> | 'down',
) {
  const live: ConfigState['live'] =
    config === 'down'
      ? 'down'
      : {
          config: new Map(Object.entries({ port: '7000', ...DEFAULTS, ...config })),
          ...PROCESS,
        };
  const directives = { names: ['port', ...Object.keys(DEFAULTS)], fixed: ['databases'], defaults: DEFAULTS };
  return planConfig({ ...nothing, text, directives, live }, { ...configArgs, drift: drift ?? {}, settings });
}
const fileOf = (settings: Record<string, unknown>) => plan(settings, {}, undefined, 'down').text;
const told = (planned: ReturnType<typeof plan>) => planned.set.map(({ name, wanted }) => `${name} ${wanted}`);

test('what is declared is enforced and what is not is reported, unless it is said otherwise', () => {
  const declared = { maxmemory: '100mb' };
  const byHand = plan(declared, undefined, fileOf(declared), { maxmemory: '1', hz: '20' });
  expect(told(byHand)).toEqual(['maxmemory 100mb']);
  expect(byHand.warnings).toEqual(['10.0.0.1:7000: set at run time and declared nowhere: hz 20 (default 10)']);
});

test('how the unit starts it is not set by anybody', () => {
  const defaults = { ...DEFAULTS, supervised: 'no' };
  const directives = { names: ['port', ...Object.keys(defaults)], fixed: ['supervised'], defaults };
  const config = new Map(Object.entries({ port: '7000', ...defaults, supervised: 'systemd' }));
  const live = { config, ...PROCESS };
  expect(planConfig({ ...nothing, text: fileOf({}), directives, live }, configArgs).warnings).toEqual([]);
});

test('defaults of another version than the process has say nothing of it', () => {
  const directives = { names: ['port', ...Object.keys(DEFAULTS)], fixed: [], defaults: DEFAULTS };
  const config = new Map(Object.entries({ port: '7000', ...DEFAULTS, hz: '20' }));
  const told = (version: string) => {
    const live = {
      config,
      configError: undefined,
      configFile: path,
      pid: '1',
      version,
      inCluster: true,
      users: undefined,
    };
    return planConfig({ ...nothing, version: '7.0.15', text: fileOf({}), directives, live }, configArgs).warnings;
  };
  expect(told('6.0.16')).toEqual([]);
  expect(told('7.0.15')).toEqual([expect.stringContaining('hz 20')]);
});

test('a declared directive that is only to be reported is left, until the inventory changes it', () => {
  const declared = { maxmemory: '100mb' };
  const left = plan(declared, { maxmemory: 'report' }, fileOf(declared), { maxmemory: '1' });
  expect(left).toMatchObject({ changes: [], set: [] });
  expect(left.warnings?.join()).toContain('otherwise than declared, and left so: maxmemory (1 → 100mb)');
  const changed = plan({ maxmemory: '200mb' }, { maxmemory: 'report' }, fileOf(declared), { maxmemory: '1' });
  expect(told(changed)).toEqual(['maxmemory 200mb']);
});

test('what nobody declared is set back where that is wished', () => {
  const back = plan({}, { hz: 'enforce' }, fileOf({}), { hz: '20' });
  expect(told(back)).toEqual(['hz 10']);
  expect(back.warnings).toEqual([]);
});

test('what is adopted is written to the file, stays when the node is down, and goes when it has its default again', () => {
  const rules = { hz: 'adopt', maxmemory: 'adopt', save: 'adopt' } as const;
  const declared = { maxmemory: '100mb' };
  const live = { hz: '20', maxmemory: '1', save: '60 5 10 9' };
  const adopted = plan(declared, rules, fileOf(declared), live);
  expect(adopted).toMatchObject({ set: [], warnings: [] });
  expect(adopted.text).toMatch(/maxmemory 1\nhz 20\nsave 60 5\nsave 10 9\n|hz 20\n/);
  expect(adopted.text).toContain('save 60 5\nsave 10 9\n');
  expect(adopted.text).toContain('maxmemory 1\n');
  expect(plan(declared, rules, adopted.text, live)).toMatchObject({ changes: [], set: [] });
  expect(plan(declared, rules, adopted.text, 'down').changes).toEqual([]);
  const again = plan(declared, rules, adopted.text, { maxmemory: '104857600' });
  expect(again.set).toEqual([]);
  expect(again.text).toBe(fileOf(declared));
});

test('no secret is taken over, and a rule for what the server does not know is a mistake', () => {
  expect(plan({}, { requirepass: 'adopt' }, undefined, 'down').failed).toContain('requirepass is a secret');
  expect(plan({}, { maxmemry: 'adopt' }, undefined, 'down').failed).toContain('no directive "maxmemry"');
});
