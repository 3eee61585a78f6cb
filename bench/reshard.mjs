// Times moving 1,000 slots out of 1,000,000 keys of 32 bytes on three masters, from one of them and from two: rcdeploy and redis-cli --cluster
// rebalance, in turns, each as a whole process with the same weights; beside it the latency of a client's GET and SET meanwhile, and
// how long the busiest giver was in MIGRATE, which no client of it can shorten. "nothing to move" is what clients feel of rcdeploy's process
// alone, three runs one after the other, since all share the processors here.
// `npm run build && node bench/reshard.mjs [RUNS] [KEYS] [SLOTS] [--load N] [--server DIR]`; N operations at once keep the client busy, where four that
// rest for a millisecond do otherwise. Needs redis-server and redis-cli of 5.0 or later, or in DIR those
// or valkey-server and valkey-cli, which from 9.1 on is also asked to have the servers hand the slots over.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { server: { type: 'string' }, load: { type: 'string' } },
});
/** Operations of the client under way at once, and the rest after each in ms. */
const load = options.load === undefined ? [4, 1] : [Number(options.load), 0];
const [runs, keys, slots] = [3, 1_000_000, 1000].map((fallback, index) => Number(positionals[index] ?? fallback));
const flavor = options.server && existsSync(join(options.server, 'valkey-server')) ? 'valkey' : 'redis';
const [serverProgram, cliProgram] = ['server', 'cli'].map((part) => join(options.server ?? '', `${flavor}-${part}`));
const cliName = `${flavor}-cli`;
const [, version] = /(\d+\.\d+)/.exec(execFileSync(cliProgram, ['--version'], { encoding: 'utf8' })) ?? [];
const isAtomic = flavor === 'valkey' && Number(version) >= 9.1;
const ATOMIC = '--cluster-use-atomic-slot-migration';
const ports = [17481, 17482, 17483];
const work = mkdtempSync(join(tmpdir(), 'rcdeploy-bench-'));
const servers = ports.map((port) => {
  const words = [
    '--port',
    port,
    '--dir',
    work,
    '--save',
    '',
    '--cluster-enabled',
    'yes',
    '--cluster-config-file',
    `nodes-${port}.conf`,
  ];
  return spawn(serverProgram, words.map(String), { stdio: 'ignore' });
});
// Also when nobody reads any more what is written here.
process.once('exit', cleanUp);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

try {
  for (const port of ports) await until(() => cli(port, 'PING') === 'PONG');
  cli(ports[0], '--cluster', 'create', ...ports.map((port) => `127.0.0.1:${port}`), '--cluster-yes');
  for (const port of ports) await until(() => cli(port, 'CLUSTER', 'INFO').includes('cluster_state:ok'));
  const counts = masters().map(({ count }) => count);
  await fill();
  const felt = {
    'no move': await beside(async () => await new Promise((resolve) => setTimeout(resolve, 2000))),
    'rcdeploy, nothing to move': await beside(async () => {
      for (let run = 0; run < 3; run += 1) await timed(ours(counts));
    }),
  };
  for (const givers of [1, 2]) report(givers, felt, await compare(counts, givers));
} finally {
  cleanUp();
}

function cleanUp() {
  for (const server of servers) server.kill('SIGKILL');
  rmSync(work, { recursive: true, force: true });
}

/** Moves slots forth and back, in turns; gives what each way of moving took, by name. */
async function compare(counts, givers) {
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
    for (const port of ports) cli(port, 'CONFIG', 'RESETSTAT');
    let seconds = 0;
    const felt = await beside(async () => {
      seconds = await timed(ways[name](weights));
    });
    const inMigrate = Math.max(...ports.map(secondsInMigrate));
    await settled(weights);
    taken[name].push({ ...felt, seconds, inMigrate });
    console.log(
      `${name}: ${seconds.toFixed(2)} s (${inMigrate.toFixed(2)} s in MIGRATE), p99 ${felt.p99.toFixed(2)} ms, max ${felt.max.toFixed(1)} ms`,
    );
  }
  return taken;
}

function secondsInMigrate(port) {
  return Number(/cmdstat_migrate:calls=\d+,usec=(\d+)/.exec(cli(port, 'INFO', 'commandstats'))?.[1] ?? 0) / 1_000_000;
}

function cli(port, ...words) {
  try {
    return execFileSync(cliProgram, words[0] === '--cluster' ? words : ['-p', String(port), ...words], {
      encoding: 'utf8',
    }).trim();
  } catch (error) {
    return String(error.stdout ?? error);
  }
}

async function until(holds) {
  const end = Date.now() + 30_000;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited 30 s for ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Masters in the order of their ports, as the first one sees them. */
function masters() {
  const lines = cli(ports[0], 'CLUSTER', 'NODES')
    .split('\n')
    .map((line) => line.split(' '));
  return ports.map((port) => {
    const [id, , , , , , , , ...ranges] = lines.find(([, place]) => place.includes(`:${port}@`));
    const count = ranges.reduce((sum, range) => {
      const [first, last = first] = range.split('-').map(Number);
      return sum + last - first + 1;
    }, 0);
    return { id, count };
  });
}

async function settled(expected) {
  await until(() => masters().every(({ count }, index) => count === expected[index]));
  for (const port of ports) await until(() => cli(port, 'CLUSTER', 'INFO').includes('cluster_slots_ok:16384'));
}

/** Keys go to the node that owns their slot, in pipelines. */
async function fill() {
  const sockets = ports.map((port) => connect(port, '127.0.0.1'));
  const value = 'v'.repeat(32);
  let sent = 0;
  let text = ports.map(() => '');
  for (let key = 0; key < keys; key += 1) {
    const name = `key:${key}`;
    const index = [5461, 10923, 16384].findIndex((end) => slotOf(name) < end);
    text[index] += `*3\r\n$3\r\nSET\r\n$${name.length}\r\n${name}\r\n$32\r\n${value}\r\n`;
    sent += 1;
    if (sent % 20_000 > 0 && key < keys - 1) continue;
    sockets.forEach((socket, index) => {
      socket.resume();
      socket.write(text[index]);
    });
    text = ports.map(() => '');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await until(() => ports.reduce((sum, port) => sum + Number(cli(port, 'DBSIZE')), 0) === keys);
  for (const socket of sockets) socket.destroy();
}

function slotOf(key) {
  let crc = 0;
  for (let index = 0; index < key.length; index += 1) {
    crc ^= key.charCodeAt(index) << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc % 16384;
}

function ours(weights) {
  const nodes = ports.map((port, index) => ({ host: `n${index}`, address: '127.0.0.1', port }));
  const task = {
    redis_cluster: {
      nodes,
      replicas: 0,
      rebalance: true,
      threshold: 0,
      weights: Object.fromEntries(nodes.map(({ host }, index) => [host, weights[index]])),
    },
    run_once: true,
  };
  const hosts = Object.fromEntries(nodes.map(({ host }) => [host, { ansible_connection: 'local' }]));
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
  const given = masters().map(({ id }, index) => `${id}=${weights[index]}`);
  const words = ['--cluster', 'rebalance', `127.0.0.1:${ports[0]}`, '--cluster-threshold', '0.001', ...more];
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
  const words = [`${root}bench/reshard-client.mjs`, ports[0], keys, ...load].map(String);
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
