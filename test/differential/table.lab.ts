import { mkdirSync, mkdtempSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { AnsibleServer } from './ansible.ts';
import { type DifferentialCase, loadCases } from './case.ts';
import { differencesOf, type Side } from './compare.ts';
import type { Recorded } from './events.ts';
import { runRcdeploy } from './rcdeploy.ts';
import { caseDir, makeSandbox, type Sandbox } from './sandbox.ts';
import { treeOf } from './tree.ts';

const wanted = new RegExp(process.env.DIFFERENTIAL_CASES ?? '');
const cases = loadCases().filter(({ name, file }) => wanted.test(`${file}: ${name}`));
const root = mkdtempSync(join(tmpdir(), 'rcdeploy-differential-'));
const localHosts = '[all:vars]\nansible_connection=local\n';
for (const dir of [caseDir, '/var/lib/rcdeploy']) mkdirSync(dir, { recursive: true });

describe.concurrent('the same as ansible-playbook', () => {
  const server = new AnsibleServer(availableParallelism(), root);
  const tally = { same: 0, deliberate: 0 };
  let counter = 0;
  afterAll(async () => {
    await server.end();
    rmSync(root, { recursive: true });
    const { same, deliberate } = tally;
    writeSync(
      1,
      `\ndifferential table: ${cases.length} cases, ${same} the same, ${deliberate} with deliberate differences\n`,
    );
  });

  async function sideOf(
    one: DifferentialCase,
    side: string,
    play: (one: DifferentialCase, sandbox: Sandbox) => Promise<Recorded>,
  ): Promise<Side> {
    const sandbox = makeSandbox(join(root, `${counter++}-${side}`), one, localHosts);
    const runs: Recorded[] = [];
    for (let run = 0; run < one.runs; run++) runs.push(await play(one, sandbox));
    return { runs, files: treeOf(sandbox.dir) };
  }

  it.each(cases.map((one) => [`${one.file}: ${one.name}`, one] as const))('%s', async (_title, one) => {
    const [ansible, ours] = await Promise.all([
      sideOf(one, 'ansible', (...args) => server.run(...args)),
      sideOf(one, 'rcdeploy', runRcdeploy),
    ]);
    const deliberate = Object.values(one.differs).flat();
    const found = differencesOf(one, ansible, ours);
    const told = [...ansible.runs, ...ours.runs].map(({ stderr }) => stderr).join('\n---\n');
    expect(found, told).toEqual(deliberate);
    if (deliberate.length > 0) tally.deliberate++;
    else tally.same++;
  });
});
