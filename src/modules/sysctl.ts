import { TaskError } from '../errors/errors.ts';
import { quote } from '../sh/quote.ts';
import type { Change, HostModule, Plan, PlanEnv } from './contract.ts';
import type { SysctlArgs } from './generated/sysctl.ts';
import { parentOf, pathWord } from './host-path.ts';
import { installScript } from './install-file.ts';
import { type PathState, parseStatBlock, statFunctions } from './path-state.ts';
import { failedScript, ReplyLines } from './reply-lines.ts';

interface SysctlState {
  readonly known: boolean;
  /** The running kernel's value, whitespace as single blanks. */
  readonly value: string;
  readonly file: PathState | undefined;
  readonly path: string;
  readonly text: string;
}

/** Below /proc/sys; with dots as separators a slash stands for a dot (sysctl.d(5)), as in `net.ipv4.conf.eth0/100.forwarding`. */
function procPath(name: string): string {
  const dots = name.indexOf('.');
  const slash = name.indexOf('/');
  const slashes = slash >= 0 && (dots < 0 || slash < dots);
  return `/proc/sys/${slashes ? name : name.replace(/[./]/g, (char) => (char === '.' ? '/' : '.'))}`;
}

const blanks = (text: string) => text.trim().split(/\s+/).join(' ');
const sameKey = (one: string, other: string) => procPath(one.trim().replace(/^-/, '')) === procPath(other);

function isEntry(line: string, name: string): boolean {
  return /^\s*[^#;\s]/.test(line) && line.includes('=') && sameKey(line.slice(0, line.indexOf('=')), name);
}

/** The file's text with exactly one entry for the parameter, where the first one stood, or with none. */
export function editedFile(text: string, name: string, value: string | undefined): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const at = lines.findIndex((line) => isEntry(line, name));
  const kept = lines.filter((line, index) => !isEntry(line, name) || (index === at && value !== undefined));
  const entries = lines.filter((line) => isEntry(line, name));
  const current = entries.at(-1);
  const right =
    entries.length === 1 && current !== undefined && blanks(current.slice(current.indexOf('=') + 1)) === value;
  if (value === undefined ? entries.length === 0 : right) return text;
  const result =
    value === undefined
      ? kept
      : at < 0
        ? [...kept, `${name}=${value}`]
        : kept.map((line) => (isEntry(line, name) ? `${name}=${value}` : line));
  return result.map((line) => `${line}\n`).join('');
}

function plan(state: SysctlState, args: SysctlArgs, env: PlanEnv): Plan {
  if (/[\n\0]/.test(args.name + (args.value ?? '')))
    return { changes: [], failed: 'name and value may not hold a newline' };
  const value = args.state === 'absent' ? undefined : blanks(args.value ?? '');
  const sets = args.sysctl_set && value !== undefined;
  if (sets && !state.known && !args.ignoreerrors && !(env.check && env.changesPredicted)) {
    return {
      changes: [],
      failed: `this kernel has no parameter ${args.name}: ${procPath(args.name)} does not exist; a module may have to be loaded first`,
    };
  }
  const after = editedFile(state.text, args.name, value);
  const changes: Change[] = [];
  if (after !== state.text) changes.push({ what: state.path, before: state.text, after, text: true });
  if (sets && state.known && state.value !== value)
    changes.push({ what: args.name, before: state.value, after: value });
  return { changes, result: { name: args.name } };
}

export const sysctl: HostModule<SysctlArgs, SysctlState> = {
  kind: 'host',
  name: 'sysctl',
  fusable: true,
  read: (args) => ({
    script: `${statFunctions}p=${quote(procPath(args.name))} f=${pathWord(args.sysctl_file)}
if [ -e "$p" ]; then echo y; v=$(cat < "$p" 2>/dev/null | tr '\\n' ' '); printf '%s\\n' "$v"; else echo n; echo; fi
stat_block "$f"
printf '%s\\0' "$f"
[ ! -e "$f" ] || cat < "$f"
`,
  }),
  parse({ reply }, args) {
    const lines = new ReplyLines(reply, `looking at ${args.name}`);
    const known = lines.next() === 'y';
    const value = blanks(lines.next());
    const file = parseStatBlock(lines);
    const [path = '', text = ''] = lines.rest().split('\0');
    return { known, value, file, path, text };
  },
  plan,
  async apply(planned, args, context, state) {
    const run = async (script: string, what: string, stdin?: Buffer) => {
      const reply = await context.sh(script, { stdin });
      if (
        reply.rc !== 0 &&
        /read-only file system|permission denied|operation not permitted/i.test(reply.stderr) &&
        script.includes('sysctl ')
      ) {
        throw new TaskError(`${context.host} may not set kernel parameters (${reply.stderr.trim()})`, {
          hint: `in a container set ${args.name} on the machine that runs it, or use \`reload: false\` and leave out sysctl_set`,
          details: { rc: reply.rc, stderr: reply.stderr },
        });
      }
      if (reply.rc !== 0) throw failedScript(reply, what);
    };
    const runtime = planned.changes.find((change) => change.what === args.name);
    if (runtime !== undefined) {
      const key = procPath(args.name).slice('/proc/sys/'.length);
      await run(`sysctl -w ${quote(`${key}=${String(runtime.after)}`)} >/dev/null\n`, `setting ${args.name}`);
    }
    const file = planned.changes.find((change) => change.what === state.path);
    if (file === undefined) return {};
    const content = Buffer.from(String(file.after));
    // Loaded before it is written: a host that refuses keeps its old file, and the next run finds the same work to do.
    if (args.reload) {
      const load = `sysctl ${args.ignoreerrors ? '-e ' : ''}-p /dev/stdin >/dev/null\n`;
      await run(load, `loading ${state.path}`, content);
    }
    const attributes = { owner: undefined, group: undefined, bits: state.file?.bits ?? 0o644 };
    const made = `mkdir -p -- ${quote(parentOf(state.path))} || exit\n`;
    const script = installScript({ path: state.path, bytes: content.length, follow: true, ...attributes });
    await run(made + script, `writing ${state.path}`, content);
    return {};
  },
};
