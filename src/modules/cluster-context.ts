import { accessOf } from '../redis/cluster/topology.ts';
import type { ClusterIo } from '../redis/node/cluster-io.ts';
import { quote } from '../sh/quote.ts';
import type { ApplyContext } from './contract.ts';

/** What the cluster engine needs of the outside, from a task's context. */
export function clusterIo(context: ApplyContext): ClusterIo {
  return {
    query: async (query) => await context.query(query),
    link: async (node, encoding) => await context.link({ ...accessOf(node), encoding }),
    sleep: async (ms) => await context.sleep(ms),
    progress: (text) => context.progress(text),
    now: () => performance.now(),
    async settingsInFile(host, file, directives) {
      const pattern = `^[[:space:]]*(${directives.join('|')})[[:space:]]`;
      const reply = await context.on(host).sh(`grep -iE ${quote(pattern)} -- ${quote(file)}`);
      return reply.rc === 0 ? reply.stdout : undefined;
    },
  };
}
