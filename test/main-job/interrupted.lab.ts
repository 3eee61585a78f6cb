import { readlinkSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { clusterNodes, failures, fromTarball, rcdeploy, start } from './rcdeploy.ts';

const MOMENTS = 20;

describeLab('killed at any moment of the first run, and run again', () => {
  let lab: Lab;
  let source: string[];
  let undisturbedMs: number;

  const fresh = async (): Promise<Lab> => labUp({ name: 'killed', hosts: 6, systemd: [1, 2], replace: true });
  const args = () => ['run', 'playbooks/cluster.yml', '-i', lab.inventoryFile, ...source];
  /** Roles and slots by host, which an undisturbed run and a resumed one must agree on. */
  const layout = (nodes: ReturnType<typeof clusterNodes>) =>
    nodes.map(({ host, port, role, slots, replica_of }) => `${host}:${port} ${role} ${slots} ${replica_of}`).sort();
  let expected: string[];

  beforeAll(async () => {
    source = await fromTarball();
    lab = await fresh();
    const warm = await rcdeploy(...args());
    expect(warm.exit, failures(warm)).toBe(0);
    expected = layout(clusterNodes(warm));
    lab = await fresh();
    const started = performance.now();
    await rcdeploy(...args());
    undisturbedMs = performance.now() - started;
  }, 600_000);
  afterAll(() => lab?.down());

  it.each(Array.from({ length: MOMENTS }, (_, index) => index))('moment %i of 20', async (moment) => {
    lab = await fresh();
    const run = start(args());
    await new Promise((resolve) => setTimeout(resolve, (undisturbedMs * (moment + 0.5)) / MOMENTS));
    const { pid } = run.child;
    if (pid !== undefined && run.child.exitCode === null && readlinkSync(`/proc/${pid}/exe`) === process.execPath)
      run.child.kill('SIGKILL');
    await run.finished;
    const again = await rcdeploy(...args());
    expect(again.exit, failures(again)).toBe(0);
    expect(layout(clusterNodes(again))).toEqual(expected);
  });
});
