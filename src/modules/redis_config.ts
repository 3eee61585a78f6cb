import { splitConfWords } from '../redis/conf/conf-words.ts';
import { quote } from '../sh/quote.ts';
import { writeFileScript } from '../sh/write-file.ts';
import type { ApplyContext, Args, HostModule, Result } from './contract.ts';
import type { LoginArgs } from './declared-nodes.ts';
import { must } from './redis-build/build-on-host.ts';
import type { DeclaredUser } from './redis-config/acl-users.ts';
import {
  type ConfigState,
  configReadScript,
  liveQuery,
  parseConfigState,
  realDirectoryScript,
} from './redis-config/config-state.ts';
import type { DriftRule } from './redis-config/drift.ts';
import { type ConfigPlan, planConfig } from './redis-config/plan-config.ts';
import { setLive } from './redis-config/set-live.ts';

export interface ConfigArgs extends Args, LoginArgs {
  readonly path: string;
  readonly port: number;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly settings_if_known: Readonly<Record<string, unknown>>;
  readonly prefix: string;
  readonly version?: string;
  readonly flavor: 'redis' | 'valkey';
  readonly address?: string;
  readonly requirepass?: string;
  readonly masterauth?: string;
  readonly previous_password?: string;
  readonly users?: Readonly<Record<string, DeclaredUser>>;
  readonly keep?: readonly string[];
  readonly drift?: Readonly<Record<string, DriftRule>>;
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
    const { text } = plan as ConfigPlan;
    await setLive(plan as ConfigPlan, args, context);
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
