import { existsSync } from 'node:fs';
import type { VarLayer } from '../inventory/contract.ts';
import { loadYaml } from '../source/yaml-file.ts';
import { isTemplate } from './coerce.ts';
import type { Play, Task } from './contract.ts';
import { patternOf, possibleFiles } from './possible-files.ts';
import { stepsOf } from './sites.ts';
import { placesOf, searchDirs } from './template-files.ts';

/** Variables that `include_vars` of the play brings, or may bring where a template is in a file's name. */
export function* includedVars(play: Play, playbookDir: string): Generator<VarLayer> {
  for (const step of stepsOf(play)) {
    if (step.kind !== 'task' || step.module !== 'include_vars') continue;
    const { name } = step.args;
    if (typeof name === 'string') yield { origin: 'include_vars', vars: { [name]: {} } };
    else for (const file of filesOf(step, playbookDir)) yield* layersOf(file);
  }
}

const DEPTHS = ['/*', '/*/*', '/*/*/*'];

function filesOf(task: Task, playbookDir: string): string[] {
  const { file, dir } = task.args;
  const written = typeof file === 'string' ? file : typeof dir === 'string' ? dir : '';
  const places = placesOf(patternOf(written), 'vars', searchDirs(task, playbookDir));
  if (typeof dir === 'string')
    return places.flatMap((place) => DEPTHS.flatMap((depth) => possibleFiles(place + depth)));
  if (isTemplate(written)) return places.flatMap(possibleFiles);
  return places.filter((place) => existsSync(place)).slice(0, 1);
}

function* layersOf(file: string): Generator<VarLayer> {
  if (!/\.(ya?ml|json)$|\/[^.]+$/.test(file)) return;
  const { value } = loadYaml(file);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
  yield { origin: `include_vars ${file}`, vars: value as VarLayer['vars'] };
}
