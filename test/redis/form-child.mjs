// Forms a cluster in a process of its own, so that a test can kill it. Arguments: directory of the compiled sources, declared cluster as JSON.
import { connect } from 'node:net';
import { pathToFileURL } from 'node:url';

const [compiled, declared] = process.argv.slice(2);
const load = async (file) => await import(pathToFileURL(`${compiled}/redis/${file}.js`).href);
const { openNodeLink, queryNode } = await load('node/client');
const { observeAll } = await load('node/cluster-io');
const { form } = await load('cluster/form');
const cluster = JSON.parse(declared);
const open = (query) => async () =>
  await new Promise((resolve, reject) => {
    const socket = connect({ host: query.address, port: query.port, noDelay: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
const io = {
  query: async (query) => await queryNode(open(query), query),
  link: async (node, encoding) => await openNodeLink(open(node), { ...node, via: node.host, encoding }),
  sleep: async (ms) => await new Promise((resolve) => setTimeout(resolve, ms)),
  progress: () => undefined,
  settingsInFile: async () => undefined,
  now: () => performance.now(),
};
const views = await observeAll(cluster, io);
process.stdout.write('started\n');
await form(cluster, views, io, { stallMs: 15_000 });
