import { createInterface } from 'node:readline';
import type { LoadFigures, LoadOptions } from '../contract.ts';
import { Clients } from './clients.ts';
import { Latencies } from './latencies.ts';
import { Sampler } from './sampler.ts';

/** Prints `ready`; answers `more N` with a line when N more writes are confirmed, and `stop` with the figures as JSON. */
async function main(options: LoadOptions): Promise<void> {
  const sampler = new Sampler(options);
  await sampler.start();
  const latencies = new Latencies();
  const clients = new Clients(options, latencies);
  const began = performance.now();
  await clients.start();
  process.stdout.write('ready\n');
  let stopped = false;
  for await (const line of createInterface({ input: process.stdin })) {
    stopped = line === 'stop';
    if (stopped) break;
    await clients.confirmMore(Number(line.replace('more ', '')));
    process.stdout.write('more\n');
  }
  // The test that asked for the load is gone, and the cluster may be too: nobody waits for figures.
  if (!stopped) process.exit(1);
  const seconds = (performance.now() - began) / 1000;
  const written = await clients.stop();
  const seen = sampler.stop();
  const figures: LoadFigures = { seconds, ...written, ...seen, ...latencies.figures() };
  process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0));
}

await main(JSON.parse(process.argv[2] ?? '{}') as LoadOptions);
