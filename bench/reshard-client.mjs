// A client of a cluster: GET and SET of random keys, redirections followed, each operation timed from its first byte to its
// last answer. Arguments: a node's address and port, the number of keys, how many operations are under way at once, and how many milliseconds each of them is
// followed by a rest. Prints `ready`, and after a line on stdin what it measured.
import { Cluster } from 'ioredis';

const [host, ...numbers] = process.argv.slice(2);
const [port, keys, atOnce, restMs] = numbers.map(Number);
const cluster = new Cluster([{ host, port }]);
const taken = [];
let stopped = false;
process.stdin.once('data', () => {
  stopped = true;
});
// Whoever started it is gone.
process.stdin.once('end', () => process.exit(1));
await cluster.set('rcdeploy:bench', 'ready');
console.log('ready');
await Promise.all(Array.from({ length: atOnce }, loop));
const sorted = taken.sort((a, b) => a - b);
const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
console.log(JSON.stringify({ operations: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 }));
cluster.disconnect();

async function loop() {
  while (!stopped) {
    const key = `key:${Math.floor(Math.random() * keys)}`;
    const began = performance.now();
    if (taken.length % 2 === 0) await cluster.get(key);
    else await cluster.set(key, 'w'.repeat(32));
    taken.push(performance.now() - began);
    if (restMs > 0) await new Promise((resolve) => setTimeout(resolve, restMs));
  }
}
