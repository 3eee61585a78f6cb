// Puts a way between clients and servers of this machine: what arrives at FROM is sent to TO, and back, each piece DELAY ms after it came.
// Arguments: DELAY, then FROM and TO in turns, each as address:port. For benchmarks where the kernel has no netem.
import { connect, createServer } from 'node:net';

const [delayMs, ...places] = process.argv.slice(2);
const queue = [];
const nap = new Int32Array(new SharedArrayBuffer(4));
let isAwake = false;

for (let index = 0; index < places.length; index += 2) {
  const [from, to] = places.slice(index, index + 2).map((place) => {
    const [host, port] = place.split(':');
    return { host, port: Number(port) };
  });
  createServer({ noDelay: true }, (near) => {
    const far = connect({ ...to, noDelay: true });
    pass(near, far);
    pass(far, near);
  }).listen(from.port, from.host);
}

function pass(one, other) {
  one.on('data', (chunk) => later(() => other.write(chunk)));
  one.on('error', () => undefined);
  one.on('close', () => later(() => other.destroy()));
}

function later(act) {
  queue.push({ at: performance.now() + Number(delayMs), act });
  if (isAwake) return;
  isAwake = true;
  setImmediate(turn);
}

/** Node's timers count whole milliseconds: between two looks at the sockets it sleeps as short as the kernel can, about 0.06 ms. */
function turn() {
  while (queue.length > 0 && queue[0].at <= performance.now()) queue.shift().act();
  isAwake = queue.length > 0;
  if (!isAwake) return;
  if (queue[0].at - performance.now() > 0.06) Atomics.wait(nap, 0, 0, 0.01);
  setImmediate(turn);
}
