// Times moving 1,000 slots out of 1,000,000 keys of 32 bytes on three masters, from one of them and from two: rcdeploy and redis-cli --cluster
// rebalance, in turns, each as a whole process with the same weights; beside it the latency of a client's GET and SET meanwhile, and
// how long the busiest giver was in MIGRATE, which no client of it can shorten. "nothing to move" is what clients feel of rcdeploy's process
// alone, three runs one after the other, since all share the processors here.
// `npm run build && node bench/reshard.mjs [RUNS] [KEYS] [SLOTS] [--apart MS] [--load N] [--server DIR]`; each message to a node and between nodes takes
// MS longer, as between hosts; N operations at once keep the client busy, where four that rest for a millisecond do otherwise. Needs
// redis-server and redis-cli of 5.0 or later, or in DIR those or valkey-server and valkey-cli, which from 9.1 on is also asked to have the
// servers hand the slots over.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Cluster } from './reshard-cluster.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { server: { type: 'string' }, load: { type: 'string' }, apart: { type: 'string', default: '0' } },
});
/** Operations of the client under way at once, and the rest after each in ms. */
const load = options.load === undefined ? [4, 1] : [Number(options.load), 0];
const [runs, keys, slots] = [3, 1_000_000, 1000].map((fallback, index) => Number(positionals[index] ?? fallback));
const cluster = new Cluster(options.server, Number(options.apart));
const { cliName, cliProgram, work } = cluster;
const isAtomic = cliName === 'valkey-cli' && Number(cluster.version) >= 9.1;
const ATOMIC = '--cluster-use-atomic-slot-migration';
// Also when nobody reads any more what is written here.
process.once('exit', () => cluster.stop());
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

await cluster.form();
const counts = cluster.masters().map(({ count }) => count);
await cluster.fill(keys);
console.log(`a PING takes ${(await cluster.roundTripMs()).toFixed(2)} ms`);
const felt = {
  'no move': await beside(async () => await new Promise((resolve) => setTimeout(resolve, 2000))),
  'rcdeploy, nothing to move': await beside(async () => {
    for (let run = 0; run < 3; run += 1) await timed(ours(counts));
  }),
};
for (const givers of [1, 2]) report(givers, felt, await compare(givers));
process.exit(0);

/** Moves slots forth and back, in turns; gives what each way of moving took, by name. */
async function compare(givers) {
  const ways = {
    rcdeploy: ours,
    [cliName]: (weights) => theirs(weights),
    [`${cliName} --cluster-pipeline 100`]: (weights) => theirs(weights, '--cluster-pipeline', '100'),
    ...(isAtomic && { [`${cliName} ${ATOMIC}`]: (weights) => theirs(weights, ATOMIC) }),
  };
  const names = Object.keys(ways);
  const taken = Object.fromEntries(names.map((name) => [name, []]));
  const given = givers === 1 ? [slots, 0, -slots] : [slots / 2, slots / 2, -slots];
  for (let turn = 0; turn < runs * names.length; turn += 1) {
    // Both directions for each of them: of an even number, every other round begins with the second.
    const shift = names.length % 2 === 0 ? Math.floor(turn / names.length) : 0;
    const name = names[(turn + shift) % names.length];
    const weights = counts.map((count, index) => (turn % 2 === 0 ? count - given[index] : count));
    for (const index of [0, 1, 2]) cluster.ask(index, 'CONFIG', 'RESETSTAT');
    let seconds = 0;
    const felt = await beside(async () => {
      seconds = await timed(ways[name](weights));
    });
    const inMigrate = Math.max(...[0, 1, 2].map(secondsInMigrate));
    await cluster.settled(weights);
    taken[name].push({ ...felt, seconds, inMigrate });
    console.log(
      `${name}: ${seconds.toFixed(2)} s (${inMigrate.toFixed(2)} s in MIGRATE), p99 ${felt.p99.toFixed(2)} ms, max ${felt.max.toFixed(1)} ms`,
    );
  }
  return taken;
}

function secondsInMigrate(index) {
  return (
    Number(/cmdstat_migrate:calls=\d+,usec=(\d+)/.exec(cluster.ask(index, 'INFO', 'commandstats'))?.[1] ?? 0) /
    1_000_000
  );
}

function ours(weights) {
  const nodes = cluster.nodes.map(({ host, port }) => ({ host: 'here', address: host, port }));
  const weightOf = Object.fromEntries(nodes.map(({ host, port }, index) => [`${host}:${port}`, weights[index]]));
  const levels = { replicas: 0, rebalance: true, threshold: 0, weights: weightOf };
  const task = { redis_cluster: { nodes, ...levels }, run_once: true };
  const hosts = { here: { ansible_connection: 'local' } };
  writeFileSync(join(work, 'play.json'), JSON.stringify([{ hosts: 'all', gather_facts: false, tasks: [task] }]));
  writeFileSync(join(work, 'hosts.yml'), JSON.stringify({ all: { hosts } }));
  return [
    'node',
    `${root}dist/cli/main.js`,
    'run',
    join(work, 'play.json'),
    '-i',
    join(work, 'hosts.yml'),
    '--output',
    'json',
  ];
}

function theirs(weights, ...more) {
  const [first] = cluster.nodes;
  const given = cluster.masters().map(({ id }, index) => `${id}=${weights[index]}`);
  const words = ['--cluster', 'rebalance', `${first.host}:${first.port}`, '--cluster-threshold', '0.001', ...more];
  return [cliProgram, ...words, '--cluster-weight', ...given];
}

/** Seconds of a whole process; fails when it does. */
async function timed([program, ...args]) {
  const started = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const exit = await new Promise((resolve) => child.once('close', resolve));
  const seconds = (performance.now() - started) / 1000;
  if (exit !== 0) throw new Error(`${program} ended with ${exit}:\n${output.slice(-3000)}`);
  return seconds;
}

/** What a client in a process of its own feels while the work is done. */
async function beside(work) {
  const words = [`${root}bench/reshard-client.mjs`, cluster.nodes[0].host, cluster.nodes[0].port, keys, ...load].map(
    String,
  );
  const client = spawn(process.execPath, words, {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
  await lines.next();
  await work();
  client.stdin.write('stop\n');
  const felt = JSON.parse((await lines.next()).value);
  // Its own connections may keep it for a while.
  client.kill();
  return felt;
}

function report(givers, without, taken) {
  const median = (values) => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
  const of = (name, field) => median(taken[name].map((one) => one[field]));
  const felt = (value) =>
    `${value('p50').toFixed(2)} ms | ${value('p99').toFixed(2)} ms | ${value('max').toFixed(2)} ms |`;
  console.log(
    `\n${slots} slots of ${keys} keys of 32 bytes, from ${givers} of three masters, ${runs} runs each, medians\n`,
  );
  console.log(
    '| | seconds | against rcdeploy | in MIGRATE | p50 | p99 of GET and SET | max |\n|---|---|---|---|---|---|---|',
  );
  for (const [name, values] of Object.entries(without))
    console.log(`| ${name} | | | | ${felt((field) => values[field])}`);
  for (const name of Object.keys(taken)) {
    const times = (of(name, 'seconds') / of('rcdeploy', 'seconds')).toFixed(1);
    const columns = `${of(name, 'seconds').toFixed(2)} | ${times} | ${of(name, 'inMigrate').toFixed(2)}`;
    console.log(`| ${name} | ${columns} | ${felt((field) => of(name, field))}`);
  }
}
