import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** One playbook that both tools run. Everything but the names is what a user would write into files. */
export interface DifferentialCase {
  readonly name: string;
  /** The file of cases that it stands in, without its extension. */
  readonly file: string;
  readonly playbook: string;
  /** Text of `hosts.ini`; by default h1, h2 and h3 in group `nodes`. */
  readonly inventory: string;
  /** More files, by path relative to the playbook. A path that ends in `/` is an empty directory. */
  readonly files: Readonly<Record<string, string>>;
  /** Modes of files that are not 0644. */
  readonly modes: Readonly<Record<string, string>>;
  readonly options: readonly string[];
  /** `local`: all hosts are this machine, in a mount namespace; `lab`: real hosts over SSH. */
  readonly where: 'local' | 'lab';
  /** How often it runs, one after the other, on the same hosts. */
  readonly runs: number;
  /** What is not compared, each with the reason. */
  readonly ignore: Readonly<Partial<Record<Aspect, string>>>;
  /** Deliberate differences: the name of an entry of differences.yml, and exactly what differs. */
  readonly differs: Readonly<Record<string, readonly string[]>>;
  /** Keywords, `kind.keyword`, that this case stands for although a shorter one has them too. */
  readonly shows: readonly string[];
}

export const aspects = ['exit', 'recap', 'tasks', 'results', 'text', 'files'] as const;
export type Aspect = (typeof aspects)[number];

const known = [
  'case',
  'playbook',
  'inventory',
  'files',
  'modes',
  'options',
  'where',
  'runs',
  'ignore',
  'differs',
  'shows',
];
const defaultInventory = '[nodes]\nh1\nh2\nh3\n';
const directory = join(import.meta.dirname, 'cases');

/** All cases, in the order of files and of the cases in each. */
export function loadCases(): DifferentialCase[] {
  const files = readdirSync(directory).filter((name) => name.endsWith('.yml'));
  const cases = files.sort().flatMap((name) => casesOf(name));
  const names = cases.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`two cases are called '${twice}'`);
  return cases;
}

type RawCase = Omit<DifferentialCase, 'name' | 'file' | 'options'> & { case: string; options: string | string[] };

function casesOf(file: string): DifferentialCase[] {
  const entries = parse(readFileSync(join(directory, file), 'utf8')) as Partial<RawCase>[];
  return entries.map((entry) => {
    const unknown = Object.keys(entry).find((key) => !known.includes(key));
    if (unknown !== undefined) throw new Error(`${file}: case '${entry.case}' has an unknown key '${unknown}'`);
    const { case: name, playbook, inventory = defaultInventory, files = {}, modes = {}, options = '' } = entry;
    const { where = 'local', runs = 1, ignore = {}, differs = {}, shows = [] } = entry;
    if (typeof name !== 'string' || typeof playbook !== 'string')
      throw new Error(`${file}: every case has a name and a playbook`);
    const base = { name, playbook, inventory, files, modes, where, runs, ignore, differs, shows };
    return { ...base, file: file.replace(/\.yml$/, ''), options: splitOptions(options) };
  });
}

/** Words, or a list where words have spaces. */
function splitOptions(options: string | string[]): string[] {
  return typeof options === 'string' ? options.split(/\s+/).filter((word) => word !== '') : options;
}
