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
import { caseOfKeywords, type Pair } from './without-keyword.ts';

type Play = (one: DifferentialCase, sandbox: Sandbox) => Promise<Recorded>;

const wanted = new RegExp(process.env.DIFFERENTIAL_CASES ?? '');
const cases = loadCases().filter(({ name, file }) => wanted.test(`${file}: ${name}`));
const casesFor = (where: DifferentialCase['where']) =>
  cases.filter((one) => one.where === where).map((one) => [`${one.file}: ${one.name}`, one] as const);
const pairs = caseOfKeywords(loadCases()).filter(([, { whole }]) => cases.some(({ name }) => name === whole.name));
const pairsFor = (where: DifferentialCase['where']) => pairs.filter(([, { whole }]) => whole.where === where);
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

  /** What ansible-playbook makes of a case: asked once, for all who compare with it. */
  const answers = new Map<string, Promise<Side>>();
  function answerTo(one: DifferentialCase, twins?: Twins): Promise<Side> {
    const answer = answers.get(one.name) ?? sideOf(one, ansible, twins?.ansible);
    answers.set(one.name, answer);
    return answer;
  }

  async function compare(one: DifferentialCase, twins?: Twins): Promise<void> {
    const [theirs, ours] = await Promise.all([answerTo(one, twins), sideOf(one, runRcdeploy, twins?.rcdeploy)]);
    const deliberate = Object.values(one.differs).flat();
    const told = [...theirs.runs, ...ours.runs].map(({ stderr }) => stderr).join('\n---\n');
    expect(differencesOf(one, theirs, ours), told).toEqual(deliberate);
    if (Object.keys(one.differs).length > 0) tally.deliberate++;
    else tally.same++;
  }

  /** What is the same as ansible-playbook's with the keyword is not the same without it. */
  async function differs(name: string, { whole, part }: Pair, twins?: Twins): Promise<void> {
    const [theirs, ours] = await Promise.all([answerTo(whole, twins), sideOf(part, runRcdeploy, twins?.rcdeploy)]);
    const found = differencesOf(whole, withoutInput(theirs, whole), withoutInput(ours, whole));
    expect(found, `${name} makes no difference to the case '${whole.file}: ${whole.name}'`).not.toEqual([]);
  }

  describe.concurrent('on this machine', () => {
    it.each(casesFor('local'))('%s', (_title, one) => compare(one));
  });

  describe.concurrent('a keyword makes a difference', () => {
    it.each(pairsFor('local'))('%s', (name, pair) => differs(name, pair));
  });

  describe.skipIf(casesFor('lab').length === 0)('over SSH', () => {
    let twins: Twins | undefined;
    beforeAll(async () => {
      twins = await twinsUp(process.env.DIFFERENTIAL_LAB ?? 'differential');
    });
    afterAll(() => twins?.down());

    it.each(casesFor('lab'))('%s', (_title, one) => compare(one, twins));
    it.each(pairsFor('lab'))('%s makes a difference', (name, pair) => differs(name, pair, twins));
  });
});

/** A side without the files that its case consists of, which differ as the cases do. */
function withoutInput(side: Side, { files }: DifferentialCase): Side {
  const input = new Set(['play.yml', ...Object.keys(files)]);
  return { ...side, files: Object.fromEntries(Object.entries(side.files).filter(([path]) => !input.has(path))) };
}
