import { mkdirSync, mkdtempSync, rmSync, writeSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { AnsibleServer } from './ansible.ts';
import { type DifferentialCase, loadCases } from './case.ts';
import { differencesOf, type Side } from './compare.ts';
import type { Recorded } from './events.ts';
import { type LabSide, type Twins, twinsUp } from './lab.ts';
import { runRcdeploy } from './rcdeploy.ts';
import { caseDir, makeSandbox, type Sandbox } from './sandbox.ts';
import { treeOf } from './tree.ts';

type Play = (one: DifferentialCase, sandbox: Sandbox) => Promise<Recorded>;

const wanted = new RegExp(process.env.DIFFERENTIAL_CASES ?? '');
const cases = loadCases().filter(({ name, file }) => wanted.test(`${file}: ${name}`));
const casesFor = (where: DifferentialCase['where']) =>
  cases.filter((one) => one.where === where).map((one) => [`${one.file}: ${one.name}`, one] as const);
const localHosts = '[all:vars]\nansible_connection=local\n';

describeLab('the same as ansible-playbook', () => {
  const root = mkdtempSync(join(tmpdir(), 'rcdeploy-differential-'));
  for (const dir of [caseDir, '/var/lib/rcdeploy']) mkdirSync(dir, { recursive: true });
  const server = new AnsibleServer(availableParallelism(), root);
  const ansible: Play = (one, sandbox) => server.run(one, sandbox);
  const tally = { same: 0, deliberate: 0 };
  let counter = 0;

  afterAll(async () => {
    await server.end();
    rmSync(root, { recursive: true });
    const { same, deliberate } = tally;
    const told = `${cases.length} cases, ${same} the same, ${deliberate} with deliberate differences`;
    writeSync(1, `\ndifferential table: ${told}\n`);
  });

  async function sideOf(one: DifferentialCase, play: Play, lab?: LabSide): Promise<Side> {
    const sandbox = makeSandbox(join(root, String(counter++)), one, lab?.connection ?? localHosts);
    await lab?.clean();
    const runs: Recorded[] = [];
    for (let run = 0; run < one.runs; run++) runs.push(await play(one, sandbox));
    return { runs, files: { ...treeOf(sandbox.dir), ...(await lab?.state()) } };
  }

  async function compare(one: DifferentialCase, twins?: Twins): Promise<void> {
    const sides = [sideOf(one, ansible, twins?.ansible), sideOf(one, runRcdeploy, twins?.rcdeploy)] as const;
    const [theirs, ours] = await Promise.all(sides);
    const deliberate = Object.values(one.differs).flat();
    const told = [...theirs.runs, ...ours.runs].map(({ stderr }) => stderr).join('\n---\n');
    expect(differencesOf(one, theirs, ours), told).toEqual(deliberate);
    if (Object.keys(one.differs).length > 0) tally.deliberate++;
    else tally.same++;
  }

  describe.concurrent('on this machine', () => {
    it.each(casesFor('local'))('%s', (_title, one) => compare(one));
  });

  describe.skipIf(casesFor('lab').length === 0)('over SSH', () => {
    let twins: Twins | undefined;
    beforeAll(async () => {
      twins = await twinsUp(process.env.DIFFERENTIAL_LAB ?? 'differential');
    });
    afterAll(() => twins?.down());

    it.each(casesFor('lab'))('%s', (_title, one) => compare(one, twins));
  });
});
