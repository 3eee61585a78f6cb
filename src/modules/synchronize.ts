import { normalize } from 'node:path/posix';
import { TaskError } from '../errors/errors.ts';
import type { HostModule } from './contract.ts';
import type { SynchronizeArgs as SchemaArgs } from './generated/synchronize.ts';
import { ReplyLines } from './reply-lines.ts';
import { applySync } from './synchronize/apply.ts';
import { type HostState, parseHostState, readScript, workName } from './synchronize/host-state.ts';
import { optionsOf, type SyncOptions } from './synchronize/options.ts';
import { planOf, stepsOf } from './synchronize/plan.ts';
import { readSource, type Source } from './synchronize/source.ts';

type SynchronizeArgs = SchemaArgs & { readonly _source?: Source };

const nothing: Source = { entries: [], single: false, warnings: [] };
const sourceOf = (args: SynchronizeArgs): Source => args._source ?? nothing;

export const synchronize: HostModule<SynchronizeArgs, HostState> = {
  kind: 'host',
  name: 'synchronize',
  fusable: true,
  async prepare(args, env) {
    if (args.delete && normalize(args.dest) === '/') throw new TaskError('delete with dest: / would remove the system');
    const file = env.findFile(args.src.replace(/(.)\/+$/, '$1'), 'files');
    return { ...args, _source: await readSource(file, args.src.endsWith('/'), optionsOf(args)) };
  },
  read: (args) => ({ script: readScript(args.dest, sourceOf(args), optionsOf(args)) }),
  parse: ({ reply }, args) =>
    parseHostState(new ReplyLines(reply, `looking at ${args.dest}`), sourceOf(args), optionsOf(args)),
  plan(host, args, env) {
    const [source, options] = [sourceOf(args), optionsOf(args)];
    return planOf(stepsOf(source, host, args, options), source, host, args, options, env);
  },
  async apply(_plan, args, context, host) {
    const [source, options]: [Source, SyncOptions] = [sourceOf(args), optionsOf(args)];
    await applySync(stepsOf(source, host, args, options), source, host, workName(args.dest), options, context);
    return {};
  },
};
