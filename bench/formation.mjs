// Times how a cluster is formed, in one run: rcdeploy (module redis_cluster, the whole process) against redis-cli --cluster create, from
// the first command until every node says ok, knows all others and every replica is linked.
// `npm run build && node bench/formation.mjs [--hosts=N] [--ours] [NODES…]`; needs redis-server and redis-cli (TEST_REDIS_SERVER,
// TEST_REDIS_CLI). The nodes are dealt out to N inventory hosts, all of them this machine (by default one host for each node); with
// --ours redis-cli is left out.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const server = process.env.TEST_REDIS_SERVER ?? 'redis-server';
const client = process.env.TEST_REDIS_CLI ?? 'redis-cli';
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { hosts: { type: 'string' }, ours: { type: 'boolean', default: false } },
});
const sizes = positionals.map(Number);
const FIRST_PORT = 17501;
const PATIENCE_S = 180;

console.log(
  `${execFileSync(server, ['--version'], { encoding: 'utf8' }).split(' sha')[0]}, ${cpus().length} cores, Node ${process.version}, load ${readFileSync('/proc/loadavg', 'utf8').split(' ')[0]}`,
);
for (const nodes of sizes.length > 0 ? sizes : [6, 30, 60]) {
  const ours = await formed(nodes, rcdeploy);
  report(nodes, 'rcdeploy', ours);
  if (options.ours) continue;
  const theirs = await formed(nodes, redisCli);
  report(nodes, 'redis-cli', theirs);
  console.log(
    `${nodes} nodes: ${(theirs.settled / ours.settled).toFixed(1)} times faster until every replica is linked`,
  );
}

function report(nodes, who, { exit, ok, settled }) {
  const seconds = (value) => `${value.toFixed(2)} s`;
  console.log(
    `${nodes} nodes, ${who.padEnd(9)}: exit ${seconds(exit)}, all ok ${seconds(ok)}, every replica linked ${seconds(settled)}`,
  );
}

/** Fresh servers, one command, and the moments (seconds after its start) at which it ended, all said ok, and all was settled. */
async function formed(count, command) {
  const directory = mkdtempSync(join(tmpdir(), 'rcdeploy-formation-'));
  const ports = Array.from({ length: count }, (_, index) => FIRST_PORT + index);
  const children = ports.map((port) => startServer(port, directory));
  try {
    for (const port of ports) while (!(await answers(port))) await delay(20);
    const started = performance.now();
    const after = () => (performance.now() - started) / 1000;
    const run = command(ports, directory);
    const ended = new Promise((resolve) => run.once('close', (code) => resolve({ code, exit: after() })));
    const { ok, settled } = await watch(ports, after);
    const { code, exit } = await ended;
    if (code !== 0) throw new Error(`${command.name} ended with ${code}: ${run.said()}`);
    return { exit, ok, settled };
  } finally {
    await Promise.all(children.map(ended));
    rmSync(directory, { recursive: true, force: true });
  }
}

function startServer(port, directory) {
  const words = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', directory, '--logfile', `${port}.log`];
  const cluster = ['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${port}.conf`];
  return spawn(server, [...words, ...cluster].map(String), { stdio: 'ignore' });
}

async function ended(child) {
  const gone = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await gone;
}

function rcdeploy(ports, directory) {
  const count = Number(options.hosts ?? ports.length);
  const nodes = ports.map((port, index) => ({ host: `h${(index % count) + 1}`, address: '127.0.0.1', port }));
  const hosts = Object.fromEntries(nodes.map(({ host }) => [host, { ansible_connection: 'local' }]));
  const play = {
    hosts: 'all',
    gather_facts: false,
    tasks: [{ redis_cluster: { nodes, replicas: 1 }, run_once: true }],
  };
  writeFileSync(join(directory, 'hosts.yml'), JSON.stringify({ all: { hosts } }));
  writeFileSync(join(directory, 'play.yml'), JSON.stringify([play]));
  return said(
    spawn('node', [`${root}dist/cli/main.js`, 'run', join(directory, 'play.yml'), '-i', join(directory, 'hosts.yml')]),
  );
}

function redisCli(ports) {
  const endpoints = ports.map((port) => `127.0.0.1:${port}`);
  return said(spawn(client, ['--cluster', 'create', ...endpoints, '--cluster-replicas', '1', '--cluster-yes']));
}

function said(child) {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      text = (text + chunk).slice(-2000);
    });
  }
  return Object.assign(child, { said: () => text });
}

/**
 * Looks at the nodes in turn, and asks one that was right no more until all have been. What it asks for is kept small, since the answers
 * come from the processor that the cluster forms on: who knows whom only of a node that says ok itself.
 */
async function watch(ports, after) {
  let ok;
  for (let rest = ports; ; ) {
    if (after() > PATIENCE_S) throw new Error(`not settled after ${PATIENCE_S} s`);
    const looks = await Promise.all(rest.map(async (port) => ({ port, ...(await look(port, ports.length)) })));
    if (ok === undefined && rest.length === ports.length && looks.every((one) => one.ok)) ok = after();
    if (looks.every((one) => one.settled)) {
      if (rest.length === ports.length) return { ok: ok ?? after(), settled: after() };
      rest = ports;
      continue;
    }
    rest = ok === undefined ? ports : looks.filter((one) => !one.settled).map(({ port }) => port);
    await delay(100);
  }
}

async function look(port, count) {
  const own = await ask(port, 'INFO replication\r\nCLUSTER INFO\r\nPING\r\n');
  const ok = own.includes('cluster_state:ok');
  if (!ok) return { ok, settled: false };
  const text = own + (await ask(port, 'CLUSTER NODES\r\nPING\r\n'));
  const lines = text.split('\n').filter((line) => /^[0-9a-f]{40} /.test(line));
  const replicas = lines.filter((line) => / (myself,)?slave /.test(line)).length;
  const whole = lines.length === count && replicas === count / 2 && !/fail|handshake|noaddr/.test(lines.join('\n'));
  return { ok, settled: ok && whole && !(text.includes('role:slave') && text.includes('master_link_status:down')) };
}

async function answers(port) {
  return (await ask(port, 'PING\r\n')).includes('PONG');
}

function ask(port, commands) {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(commands));
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.endsWith('+PONG\r\n')) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}
