// Three masters on this machine with keys of 32 bytes, for the benchmark of moving slots. With `apartMs` they are known to each other and to
// their clients by addresses of a relay, so that each message takes that long, as between hosts.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUS = 10_000;

export class Cluster {
  /** Where clients find them. */
  nodes;
  work = mkdtempSync(join(tmpdir(), 'rcdeploy-bench-'));
  cliProgram;
  cliName;
  version;
  #servers;
  #processes = [];

  constructor(directory = '', apartMs = 0) {
    const flavor = existsSync(join(directory, 'valkey-server')) ? 'valkey' : 'redis';
    this.cliName = `${flavor}-cli`;
    this.cliProgram = join(directory, this.cliName);
    [this.version] = /\d+\.\d+/.exec(execFileSync(this.cliProgram, ['--version'], { encoding: 'utf8' })) ?? [];
    this.#servers = [1, 2, 3].map((index) => ({ host: `127.0.1.${index}`, port: 17480 + index }));
    this.nodes = this.#servers.map(({ host, port }) => ({
      host: apartMs > 0 ? host.replace('.1.', '.2.') : host,
      port,
    }));
    const program = join(directory, `${flavor}-server`);
    this.#servers.forEach(({ host, port }, index) => {
      const announced = ['--cluster-announce-ip', this.nodes[index].host];
      const cluster = ['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${port}.conf`, ...announced];
      const base = ['--bind', host, '--port', String(port), '--protected-mode', 'no', '--dir', this.work, '--save', ''];
      this.#start(program, [...base, ...cluster]);
    });
    if (apartMs === 0) return;
    const ways = this.#servers.flatMap(({ host, port }, index) =>
      [port, port + BUS].flatMap((one) => [`${this.nodes[index].host}:${one}`, `${host}:${one}`]),
    );
    this.#start(process.execPath, [fileURLToPath(new URL('relay.mjs', import.meta.url)), String(apartMs), ...ways]);
  }

  #start(program, words) {
    this.#processes.push(spawn(program, words, { stdio: 'ignore' }));
  }

  stop() {
    for (const one of this.#processes) one.kill('SIGKILL');
    rmSync(this.work, { recursive: true, force: true });
  }

  async form() {
    for (const index of [0, 1, 2]) await until(() => this.ask(index, 'PING') === 'PONG');
    const places = this.nodes.map(({ host, port }) => `${host}:${port}`);
    for (const { host, port } of this.nodes) await until(async () => (await roundTrip(host, port)) !== undefined);
    execFileSync(this.cliProgram, ['--cluster', 'create', ...places, '--cluster-yes']);
    for (const index of [0, 1, 2]) await until(() => this.ask(index, 'CLUSTER', 'INFO').includes('cluster_state:ok'));
  }

  /** Of the server itself, however far its clients are. */
  ask(index, ...words) {
    const { host, port } = this.#servers[index];
    try {
      return execFileSync(this.cliProgram, ['-h', host, '-p', String(port), ...words], { encoding: 'utf8' }).trim();
    } catch (error) {
      return String(error.stdout ?? error);
    }
  }

  /** Masters in the order of their nodes, as the first one sees them. */
  masters() {
    const lines = this.ask(0, 'CLUSTER', 'NODES')
      .split('\n')
      .map((line) => line.split(' '));
    return this.nodes.map(({ port }) => {
      const [id, , , , , , , , ...ranges] = lines.find(([, place]) => place.includes(`:${port}@`));
      const count = ranges.reduce((sum, range) => {
        const [first, last = first] = range.split('-').map(Number);
        return sum + last - first + 1;
      }, 0);
      return { id, count };
    });
  }

  /** Also the config epochs, which rcdeploy waits for before it moves slots: masters that took some at once may have the same for a while. */
  async settled(counts) {
    await until(() => this.masters().every(({ count }, index) => count === counts[index]));
    await until(() => {
      const [first, ...others] = [0, 1, 2].map((index) => this.#epochs(index));
      return new Set(first).size === 3 && others.every((one) => one.join() === first.join());
    });
    for (const index of [0, 1, 2])
      await until(() => this.ask(index, 'CLUSTER', 'INFO').includes('cluster_slots_ok:16384'));
  }

  #epochs(index) {
    const lines = this.ask(index, 'CLUSTER', 'NODES').split('\n').sort();
    return lines.map((line) => line.split(' ')[6]);
  }

  /** Keys go to the server that owns their slot, in pipelines. */
  async fill(keys) {
    const sockets = this.#servers.map(({ host, port }) => connect(port, host));
    const value = 'v'.repeat(32);
    let text = ['', '', ''];
    for (let key = 0; key < keys; key += 1) {
      const name = `key:${key}`;
      const index = [5461, 10923, 16384].findIndex((end) => slotOf(name) < end);
      text[index] += `*3\r\n$3\r\nSET\r\n$${name.length}\r\n${name}\r\n$32\r\n${value}\r\n`;
      if ((key + 1) % 20_000 > 0 && key < keys - 1) continue;
      sockets.forEach((socket, at) => {
        socket.resume();
        socket.write(text[at]);
      });
      text = ['', '', ''];
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await until(() => [0, 1, 2].reduce((sum, index) => sum + Number(this.ask(index, 'DBSIZE')), 0) === keys);
    for (const socket of sockets) socket.destroy();
  }

  /** Milliseconds of a PING and its answer, the median of two hundred. */
  async roundTripMs() {
    const [{ host, port }] = this.nodes;
    return await roundTrip(host, port, 200);
  }
}

async function roundTrip(host, port, times = 1) {
  const socket = connect({ host, port, noDelay: true });
  const answer = async () =>
    await new Promise((resolve, reject) => {
      socket.once('data', resolve);
      socket.once('error', reject);
      socket.once('close', reject);
    });
  const taken = [];
  try {
    for (let time = 0; time < times; time += 1) {
      const began = performance.now();
      socket.write('PING\r\n');
      await answer();
      taken.push(performance.now() - began);
      socket.removeAllListeners();
    }
    return taken.sort((a, b) => a - b)[Math.floor(times / 2)];
  } catch {
    return undefined;
  } finally {
    socket.on('error', () => undefined);
    socket.destroy();
  }
}

async function until(holds) {
  const end = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited 30 s for ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function slotOf(key) {
  let crc = 0;
  for (let index = 0; index < key.length; index += 1) {
    crc ^= key.charCodeAt(index) << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc % 16384;
}
