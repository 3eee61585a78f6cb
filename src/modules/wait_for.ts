import { TaskError } from '../errors/errors.ts';
import type { ApplyContext, HostModule, Plan, Result } from './contract.ts';
import type { WaitForArgs } from './generated/wait_for.ts';
import { pathWord } from './host-path.ts';
import { localSockets, readSockets, type Sockets } from './local-sockets.ts';
import { probe } from './port-probe.ts';
import { ReplyLines } from './reply-lines.ts';

type Looked = Sockets | { readonly exists: boolean; readonly text: string };

const isLoopback = (host: string) => /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host);

function what(args: WaitForArgs): string {
  const subject = args.path ?? (args.port === undefined ? 'nothing but time' : `${args.host}:${args.port}`);
  const found = args.search_regex === undefined ? '' : ` to hold ${args.search_regex}`;
  const wish = { started: 'started', present: 'present', stopped: 'stopped', absent: 'absent', drained: 'drained' }[
    args.state
  ];
  return `${subject}${found === '' ? ` to be ${wish}` : found}`;
}

/** The host's own sockets are read from /proc; another address is tried through a stream that starts on the host. */
function lookScript(args: WaitForArgs): string {
  if (args.path !== undefined) {
    const path = pathWord(args.path);
    const text = args.search_regex === undefined ? '' : `[ ! -f ${path} ] || tail -c 1048576 < ${path}\n`;
    return `[ -e ${path} ] && echo y || echo n\n${text}`;
  }
  return args.port !== undefined && needsSockets(args) ? readSockets : ':\n';
}

function needsSockets(args: WaitForArgs): boolean {
  return args.state === 'drained' || (isLoopback(args.host) && args.search_regex === undefined);
}

function parse(lines: ReplyLines, args: WaitForArgs): Looked {
  if (args.path !== undefined) return { exists: lines.next() === 'y', text: lines.rest() };
  return localSockets(lines, args.host, args.port ?? 0);
}

/** undefined: not yet, or for a remote port: ask the port. */
function satisfied(looked: Looked, args: WaitForArgs): boolean | undefined {
  if ('exists' in looked) {
    const found =
      looked.exists && (args.search_regex === undefined || new RegExp(args.search_regex, 'm').test(looked.text));
    return args.state === 'absent' || args.state === 'stopped' ? !found : found;
  }
  if (args.port === undefined) return undefined;
  if (args.state === 'drained')
    return looked.connections(args.active_connection_states, args.exclude_hosts ?? []) === 0;
  if (!needsSockets(args)) return undefined;
  return args.state === 'absent' || args.state === 'stopped' ? !looked.listening : looked.listening;
}

async function look(args: WaitForArgs, context: ApplyContext): Promise<boolean> {
  if (args.path === undefined && args.port === undefined) return false;
  if (args.path !== undefined || needsSockets(args)) {
    const reply = await context.sh(lookScript(args));
    return satisfied(parse(new ReplyLines(reply, `waiting for ${what(args)}`), args), args) ?? false;
  }
  const answer = await probe(args, context);
  return args.state === 'absent' || args.state === 'stopped' ? !answer.matched : answer.matched;
}

function plan(looked: Looked, args: WaitForArgs, check: boolean): Plan {
  if (check) return { changes: [], skipped: `Would wait for ${what(args)} if not in check mode` };
  const result: Result = {
    changed: false,
    state: args.state,
    port: args.port ?? null,
    path: args.path ?? null,
    search_regex: args.search_regex ?? null,
  };
  if (args.delay === 0 && satisfied(looked, args) === true) return { changes: [], result: { ...result, elapsed: 0 } };
  return { changes: [], result, applies: true };
}

function checkRegex(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    new RegExp(text, 'm');
    return undefined;
  } catch (error) {
    return `search_regex: ${error instanceof Error ? error.message : String(error)}`;
  }
}

export const waitFor: HostModule<WaitForArgs, Looked> = {
  kind: 'host',
  name: 'wait_for',
  fusable: false,
  read: (args) => ({ script: checkRegex(args.search_regex) === undefined ? lookScript(args) : ':\n' }),
  parse: ({ reply }, args) => parse(new ReplyLines(reply, `waiting for ${what(args)}`), args),
  plan(looked, args, env) {
    const wrong = checkRegex(args.search_regex);
    return wrong === undefined ? plan(looked, args, env.check) : { changes: [], failed: wrong };
  },
  async apply(_plan, args, context) {
    const start = Date.now();
    const elapsed = () => Math.floor((Date.now() - start) / 1000);
    const limit = start + args.timeout * 1000;
    if (args.delay > 0) context.progress(`waits ${args.delay} s before looking at ${what(args)}`);
    await context.sleep(args.delay * 1000);
    for (;;) {
      if (await look(args, context)) return { changed: false, elapsed: elapsed() };
      const left = limit - Date.now();
      if (left <= 0) break;
      context.progress(`waits for ${what(args)}: ${elapsed()} of ${args.timeout} s`);
      await context.sleep(Math.min(Math.max(args.sleep, 0.1) * 1000, left));
    }
    // Without a port or a path it is only a pause, as in Ansible.
    if (args.path === undefined && args.port === undefined) return { changed: false, elapsed: elapsed() };
    throw new TaskError(args.msg ?? `Timeout when waiting for ${what(args)}`, { details: { elapsed: elapsed() } });
  },
};
