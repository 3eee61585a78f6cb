import { TaskError } from '../errors/errors.ts';
import { splitConfWords } from '../redis/conf/conf-words.ts';
import { quote } from '../sh/quote.ts';
import { writeFileScript } from '../sh/write-file.ts';
import type { ApplyContext, Args, HostModule, Result } from './contract.ts';
import { must } from './redis-build/build-on-host.ts';
import {
  type ConfigState,
  configReadScript,
  errorOf,
  field,
  liveQuery,
  parseConfigState,
  realDirectoryScript,
} from './redis-config/config-state.ts';
import { type ConfigPlan, planConfig } from './redis-config/plan-config.ts';

export interface ConfigArgs extends Args {
  readonly path: string;
  readonly port: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly settings_if_known: Readonly<Record<string, unknown>>;
  readonly prefix: string;
  readonly version?: string;
  readonly flavor: 'redis' | 'valkey';
  readonly address?: string;
  readonly password?: string;
  readonly requirepass?: string;
  readonly masterauth?: string;
  readonly owner?: string;
  readonly group?: string;
  readonly mode: string;
  readonly rolling: boolean;
  /** Inventory host and address that the live node is asked at; set by `prepare`. */
  readonly host: string;
  readonly at: string;
}

/** One node's redis.conf and what its live process uses. */
export const redisConfig: HostModule<ConfigArgs, ConfigState> = {
  kind: 'host',
  name: 'redis_config',
  fusable: true,

  prepare(args, env) {
    const declared = args.password ?? args.requirepass ?? args.settings.requirepass;
    const password = typeof declared === 'string' && declared !== '' ? { password: declared } : {};
    return { ...args, ...password, host: env.host, at: args.address ?? firstAddress(args.settings.bind) };
  },

  read(args) {
    const { dir } = args.settings;
    return {
      script: configReadScript(args.path, args.prefix),
      stats: [quote(args.path)],
      // Apart, so that rolling operations, which need not know it, ask the very same question as this.
      elsewhere:
        typeof dir === 'string' ? [{ host: args.host, script: realDirectoryScript(dir), asTaskUser: true }] : [],
      nodes: [liveQuery(args.host, args, args.at, 'CONFIG')],
    };
  },

  parse: (answer) => parseConfigState(answer),
  plan: (state, args) => planConfig(state, args),

  async apply(plan, args, context): Promise<Result> {
    const { text, set } = plan as ConfigPlan;
    await setLive(set, args, context);
    if (text !== undefined || plan.changes.some((change) => change.what.startsWith(`${args.path} `))) {
      await write(text, args, context);
    }
    return { ...plan.result };
  },
};

/** The address to ask a node at: one that it listens on. */
function firstAddress(bind: unknown): string {
  const words = Array.isArray(bind) ? bind.map(String) : (splitConfWords(typeof bind === 'string' ? bind : '') ?? []);
  const first = words[0]?.replace(/^-/, '');
  return first === undefined || ['', '0.0.0.0', '*', '::', '::*'].includes(first) ? '127.0.0.1' : first;
}

/** CONFIG SET before the file: a file that says appendonly yes before the rewrite has finished would start the node empty. */
async function setLive(set: ConfigPlan['set'], args: ConfigArgs, context: ApplyContext): Promise<void> {
  if (set.length === 0) {
    return;
  }
  const query = liveQuery(args.host, args, args.at, 'CONFIG');
  const answer = await context.query({ ...query, commands: set.map((one) => ['CONFIG', 'SET', one.name, one.wanted]) });
  if (!answer.ok) {
    throw new TaskError(`${args.at}:${args.port} could not be told its settings: ${answer.message}`);
  }
  const refusals = set.flatMap((one, index) => {
    const refusal = errorOf(answer.replies[index]);
    return refusal === undefined ? [] : [`${one.name}: ${refusal}`];
  });
  if (refusals.length > 0) {
    throw new TaskError(`${args.at}:${args.port} refused ${refusals.join('; ')}. ${args.path} was not changed`);
  }
  if (set.some((one) => one.name === 'appendonly' && one.wanted === 'yes')) {
    await awaitRewrite(args, context);
  }
}

/** Until the first append-only file is whole. Limited by lack of progress: a rewrite that was given up is an error. */
async function awaitRewrite(args: ConfigArgs, context: ApplyContext): Promise<void> {
  const query = { ...liveQuery(args.host, args, args.at, 'CONFIG'), commands: [['INFO', 'persistence']] };
  for (let silence = 0; silence < 30; ) {
    const answer = await context.query(query);
    const info = answer.ok && typeof answer.replies[0] === 'string' ? answer.replies[0] : '';
    silence = info === '' ? silence + 1 : 0;
    const isRunning = field(info, 'aof_rewrite_in_progress') !== '0' || field(info, 'aof_rewrite_scheduled') !== '0';
    if (info !== '' && !isRunning) {
      if (field(info, 'aof_last_bgrewrite_status') === 'ok') {
        return;
      }
      throw new TaskError(
        `${args.at}:${args.port}: the first append-only file could not be written (see its log). ${args.path} was not changed`,
      );
    }
    context.progress(`waiting for the first append-only file of ${args.at}:${args.port}`);
    await context.sleep(500);
  }
  throw new TaskError(
    `${args.at}:${args.port} stopped answering while it wrote its first append-only file. ${args.path} was not changed`,
  );
}

async function write(text: string | undefined, args: ConfigArgs, context: ApplyContext): Promise<void> {
  const { path, mode, owner, group } = args;
  const content = text === undefined ? await oldContent(path, context) : Buffer.from(text);
  const script = writeFileScript({ path, bytes: content.length, mode: mode.replace(/^0+(?=.{3})/, '0'), owner, group });
  await must(context, script, `${path} could not be written`, { stdin: content });
}

async function oldContent(path: string, context: ApplyContext): Promise<Buffer> {
  const { stdout } = await must(context, `base64 <${quote(path)}`, `${path} could not be read`);
  return Buffer.from(stdout, 'base64');
}
