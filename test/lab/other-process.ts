import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { placesOf } from '../../src/lab/places.ts';

/** The built lab, since a process of its own cannot read TypeScript: `npm run build` comes before these tests. */
const BUILT = new URL('../../dist/lab/lab.js', import.meta.url).href;

function startUp(name: string, hosts: number): ChildProcess {
  const script = `
    const { labUp } = await import(${JSON.stringify(BUILT)});
    await labUp({ name: ${JSON.stringify(name)}, hosts: ${hosts} });
    console.log('up');
    setInterval(() => {}, 1_000_000);`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** A process that made a lab and still runs. */
export async function upElsewhere(name: string, hosts: number): Promise<ChildProcess> {
  const creator = startUp(name, hosts);
  if (!creator.stdout) throw new Error('no pipe from the creator');
  await Promise.race([once(creator.stdout, 'data'), failedFirst(creator)]);
  return creator;
}

/** Has another process make a lab and kills it as soon as a file of the lab's directory is there. */
export async function upKilledAt(name: string, hosts: number, file: string): Promise<void> {
  const creator = startUp(name, hosts);
  const path = `${placesOf(name).dir}/${file}`;
  const failed = failedFirst(creator);
  while (!(await Promise.race([exists(path), failed]))) await sleep(1);
  creator.kill('SIGKILL');
  await failed.catch(() => undefined);
}

async function failedFirst(creator: ChildProcess): Promise<never> {
  const [code] = await once(creator, 'exit');
  throw new Error(`the creator of a lab ended by itself (exit ${code}); is dist/ up to date?`);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
