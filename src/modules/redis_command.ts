import { TaskError } from '../errors/errors.ts';
import { type DeclaredNode, nodeName, queryOf } from '../redis/cluster/topology.ts';
import type { NodeAnswer, RespValue } from '../redis/node/contract.ts';
import { Unknown } from '../template/values.ts';
import type { HostModule, Result } from './contract.ts';
import { declaredNodes } from './declared-nodes.ts';
import type { RedisCommandArgs } from './generated/redis_command.ts';
import { hasNoReply, onlyReads } from './redis-command/read-only.ts';
import { shownReply, shownWords } from './redis-command/secret-words.ts';
import { errorOf } from './redis-config/config-state.ts';
import { splitWords } from './split-words.ts';

type Role = 'master' | 'replica';
interface Answered {
  readonly node: DeclaredNode;
  readonly role: Role | undefined;
  readonly reply: RespValue | undefined;
  readonly problem: string | undefined;
}

/** One command on each of some nodes, past any redirection. */
export const redisCommand: HostModule<RedisCommandArgs, readonly Answered[]> = {
  kind: 'host',
  name: 'redis_command',
  fusable: false,

  prepare(args) {
    const words = wordsOf(args);
    if (words.length === 0) throw new TaskError('no command given');
    if (hasNoReply(words)) {
      throw new TaskError(`${words[0]} does not end with one reply, so redis_command does not run it`);
    }
    return args;
  },

  // What only reads is asked at once; of other commands only whom they are for.
  read: (args) => ({
    nodes: declaredNodes(args).map((node) =>
      queryOf(node, [['ROLE'], ...(onlyReads(wordsOf(args)) ? [wordsOf(args)] : [])], args.timeout * 1000),
    ),
  }),

  parse: ({ nodes }, args) => declaredNodes(args).map((node, index) => answered(node, nodes[index])),

  plan(state, args) {
    const words = wordsOf(args);
    const cmd = shownWords(words).join(' ');
    const silent = state.flatMap((one) => (one.problem === undefined ? [] : [`${nodeName(one.node)}: ${one.problem}`]));
    if (silent.length > 0) return { changes: [], result: { cmd }, failed: silent.join('; ') };
    const chosen = state.filter(({ role }) => args.role === 'any' || role === args.role);
    if (chosen.length === 0) {
      return { changes: [], result: { cmd, nodes: [] }, failed: `none of the ${state.length} nodes is a ${args.role}` };
    }
    if (onlyReads(words)) {
      const result = resultOf(words, chosen);
      return { changes: [], result, ...(result.failed ? { failed: String(result.msg) } : {}) };
    }
    return {
      changes: chosen.map(({ node }) => ({ what: nodeName(node), before: null, after: cmd })),
      result: { cmd, nodes: new Unknown(`only the run can know what nodes reply to ${words[0]}`) },
    };
  },

  async apply(plan, args, context, state) {
    const words = wordsOf(args);
    const chosen = new Set(plan.changes.map(({ what }) => what));
    const nodes = state.filter(({ node }) => chosen.has(nodeName(node)));
    const answers = await Promise.all(
      nodes.map(async ({ node, role }): Promise<Answered> => {
        const answer = await context.query(queryOf(node, [words], args.timeout * 1000));
        return answer.ok
          ? { node, role, reply: answer.replies[0] ?? null, problem: undefined }
          : { node, role, reply: undefined, problem: answer.message };
      }),
    );
    const result = resultOf(words, answers);
    if (result.failed) throw new TaskError(String(result.msg), { details: { ...result, changed: true } });
    return result;
  },
};

function wordsOf({ command }: RedisCommandArgs): string[] {
  return typeof command === 'string' ? splitWords(command) : command.map(String);
}

function answered(node: DeclaredNode, answer: NodeAnswer | undefined): Answered {
  if (!answer?.ok) {
    return { node, role: undefined, reply: undefined, problem: answer?.message ?? 'it was not asked' };
  }
  const [role, reply] = answer.replies;
  const refusal = errorOf(role);
  if (refusal !== undefined) return { node, role: undefined, reply: undefined, problem: `ROLE said: ${refusal}` };
  const name = Array.isArray(role) ? role[0] : undefined;
  return { node, role: name === 'master' ? 'master' : 'replica', reply, problem: undefined };
}

/** Every node's reply; `reply` too when there is one node. Fails with the words of each node that refused. */
function resultOf(words: readonly string[], answers: readonly Answered[]): Result {
  const nodes = answers.map(({ node, role, reply, problem }) => ({
    host: node.host,
    port: node.port,
    role,
    reply: problem === undefined ? shownReply(words, reply ?? null) : null,
    ...(problem === undefined ? {} : { problem }),
  }));
  const refusals = answers.flatMap(({ node, reply, problem }) => {
    const said = problem ?? errorOf(reply);
    return said === undefined ? [] : [`${nodeName(node)}: ${said}`];
  });
  return {
    cmd: shownWords(words).join(' '),
    nodes,
    ...(nodes.length === 1 ? { reply: nodes[0]?.reply } : {}),
    ...(refusals.length > 0 ? { failed: true, msg: refusals.join('; ') } : {}),
  };
}
