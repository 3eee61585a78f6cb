import type { HostModule } from './contract.ts';
import { applyServer } from './redis-server/apply-server.ts';
import { planServer, type ServerPlan } from './redis-server/plan-server.ts';
import { nodeQuery, type ServerArgs } from './redis-server/server-args.ts';
import { parseServerState, type ServerState, serverQuestions, serverReadScript } from './redis-server/server-state.ts';

/** The process of one Redis node. */
export const redisServer: HostModule<ServerArgs, ServerState> = {
  kind: 'host',
  name: 'redis_server',
  fusable: true,
  prepare: (args, env) => ({ ...args, host: env.host }),
  read: (args) => ({ script: serverReadScript(args), nodes: [nodeQuery(args, serverQuestions)] }),
  parse: (answer) => parseServerState(answer),
  plan: planServer,
  apply: async (plan, args, context, state) => await applyServer(plan as ServerPlan, args, context, state),
};
