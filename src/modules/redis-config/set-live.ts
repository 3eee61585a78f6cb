import { TaskError } from '../../errors/errors.ts';
import type { RespValue } from '../../redis/node/contract.ts';
import { NodeError } from '../../redis/node/node-error.ts';
import { outlastRewrite } from '../append-only-file.ts';
import type { ApplyContext } from '../contract.ts';
import type { ConfigArgs } from '../redis_config.ts';
import type { UserChange } from './acl-users.ts';
import { errorOf, liveQuery } from './config-state.ts';
import { PAIRED } from './directive-names.ts';
import type { Difference } from './live-differences.ts';

interface Step {
  readonly what: string;
  readonly commands: readonly (readonly string[])[];
}

/** CONFIG SET before the file: a file that says appendonly yes before the rewrite has finished would start the node empty. */
export async function setLive(
  { set, users }: { readonly set: readonly Difference[]; readonly users: readonly UserChange[] },
  args: ConfigArgs,
  context: ApplyContext,
): Promise<void> {
  const steps = [...userSteps(users, set), ...settingSteps(set.filter((one) => !isSetWithUser(one, users)))];
  if (steps.length === 0) return;
  const certificates = args.tls ? set.filter(({ name }) => /^tls-.*-(file|dir)$/.test(name)) : [];
  const send = certificates.length > 0 ? await heldLink(args, context) : byQuery(args, context);
  await tell(steps, args, send);
  await provedByLogin(certificates, args, context, send);
  if (set.some((one) => one.name === 'appendonly' && one.wanted === 'yes')) {
    await awaitRewrite(args, context);
  }
}

/** CONFIG SET requirepass takes all other passwords from the default user, so where both change nobody comes in between. */
function isSetWithUser({ name }: Difference, users: readonly UserChange[]): boolean {
  return name === 'requirepass' && users.some((user) => user.name === 'default');
}

/** Who is let in comes first, and who goes last: what is told in between may already depend on it. */
function userSteps(users: readonly UserChange[], set: readonly Difference[]): Step[] {
  return users.map(({ name, rules }): Step => {
    if (!rules) return { what: `user ${name}`, commands: [['ACL', 'DELUSER', name]] };
    const rule = ['ACL', 'SETUSER', name, 'reset', ...rules];
    const password = set.find((one) => isSetWithUser(one, users));
    if (name !== 'default' || !password) return { what: `user ${name}`, commands: [rule] };
    const both = [['MULTI'], ['CONFIG', 'SET', 'requirepass', password.wanted], rule, ['EXEC']];
    return { what: `user ${name}`, commands: both };
  });
}

/** A certificate and its key change in one command: the server refuses the one without the other. */
function settingSteps(set: readonly Difference[]): Step[] {
  const paired = set.filter(({ name }) => PAIRED.test(name));
  const single = set.filter((one) => !paired.includes(one));
  const step = (some: readonly Difference[]): Step => ({
    what: some.map(({ name }) => name).join(', '),
    commands: [['CONFIG', 'SET', ...some.flatMap(({ name, wanted }) => [name, wanted])]],
  });
  return [...single.map((one) => step([one])), ...(paired.length > 0 ? [step(paired)] : [])];
}

type Send = (commands: readonly (readonly string[])[]) => Promise<readonly RespValue[]>;

function byQuery(args: ConfigArgs, context: ApplyContext): Send {
  const query = liveQuery(args.host, args, args.at, 'CONFIG');
  return async (commands) => {
    const answer = await context.query({ ...query, commands });
    if (!answer.ok) throw cannotBeTold(args, answer.message);
    return answer.replies;
  };
}

/** The one way to a node whose new certificates let nobody in any more: a connection from before them. */
async function heldLink(args: ConfigArgs, context: ApplyContext): Promise<Send> {
  const { via, address, port, auth, tls } = liveQuery(args.host, args, args.at, 'CONFIG');
  try {
    const link = await context.link({ via, address, port, auth, tls });
    return async (commands) =>
      await link.send(commands).catch((error: unknown) => {
        throw error instanceof NodeError ? cannotBeTold(args, error.message) : error;
      });
  } catch (error) {
    throw error instanceof NodeError ? cannotBeTold(args, error.message) : error;
  }
}

function cannotBeTold(args: ConfigArgs, why: string): TaskError {
  return new TaskError(`${args.at}:${args.port} could not be told its settings: ${why}`);
}

async function tell(steps: readonly Step[], args: ConfigArgs, send: Send): Promise<void> {
  const replies = [...(await send(steps.flatMap(({ commands }) => commands)))];
  const refusals = steps.flatMap(({ what, commands }) => {
    const refusal = replies.splice(0, commands.length).map(refusalIn).find(Boolean);
    return refusal === undefined ? [] : [`${what}: ${refusal}`];
  });
  if (refusals.length > 0) {
    throw new TaskError(`${args.at}:${args.port} refused ${refusals.join('; ')}. ${args.path} was not changed`);
  }
}

/** Also of a command of a transaction. */
function refusalIn(reply: RespValue): string | undefined {
  return errorOf(reply) ?? (Array.isArray(reply) ? reply.map(errorOf).find(Boolean) : undefined);
}

/** A node that nobody could connect to with the new certificates takes the old ones back. */
async function provedByLogin(
  changed: readonly Difference[],
  args: ConfigArgs,
  context: ApplyContext,
  send: Send,
): Promise<void> {
  if (changed.length === 0) return;
  const { via, address, port, auth, tls } = liveQuery(args.host, args, args.at, 'CONFIG');
  try {
    const link = await context.link({ via, address, port, auth, tls });
    // With TLS 1.3 the server judges our certificate when the handshake is over for us.
    await link.send([['PING']]);
    link.close();
  } catch (error) {
    const back = changed.map((one) => ({ ...one, wanted: one.live, live: one.wanted }));
    await tell(settingSteps(back), args, send);
    const said = error instanceof Error ? error.message : String(error);
    throw new TaskError(
      `with its new certificates ${args.at}:${args.port} cannot be connected to: ${said}. It has the old ones back`,
    );
  }
}

/** Until the first append-only file is whole: a node that starts with half of it would have lost the rest. */
async function awaitRewrite(args: ConfigArgs, context: ApplyContext): Promise<void> {
  const node = `${args.at}:${args.port}`;
  const outcome = await outlastRewrite(liveQuery(args.host, args, args.at, 'CONFIG'), node, context);
  if (outcome === 'whole') return;
  throw new TaskError(
    outcome === 'failed'
      ? `${node}: the first append-only file could not be written (see its log). ${args.path} was not changed`
      : `${node} stopped answering while it wrote its first append-only file. ${args.path} was not changed`,
  );
}
