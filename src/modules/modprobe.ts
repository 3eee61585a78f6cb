import { quote } from '../sh/quote.ts';
import type { ApplyContext, Change, HostModule, Plan, PlanEnv } from './contract.ts';
import type { ModprobeArgs } from './generated/modprobe.ts';
import { installScript } from './install-file.ts';
import { failedScript, ReplyLines } from './reply-lines.ts';

interface ConfigFile {
  readonly path: string;
  readonly text: string;
}

interface ModuleState {
  readonly loaded: boolean;
  /** Part of the kernel itself: it can neither be loaded nor removed. */
  readonly builtin: boolean;
  readonly files: readonly ConfigFile[];
}

const plainName = (name: string) => name.replaceAll('-', '_');

function read(args: ModprobeArgs): string {
  const name = quote(plainName(args.name));
  const files =
    args.persistent === 'disabled'
      ? ''
      : `for f in /etc/modules-load.d/*.conf /etc/modprobe.d/*.conf; do
  [ ! -f "$f" ] || { printf '%s\\0' "$f"; cat < "$f" || exit; printf '\\0'; }
done
`;
  return `if grep -q "^"${name}" " /proc/modules; then echo y; else echo n; fi
b=/lib/modules/$(uname -r)/modules.builtin
if [ -r "$b" ] && tr - _ < "$b" | grep -q "/"${name}"\\.ko"; then echo y; else echo n; fi
${files}:
`;
}

const isName = (line: string, name: string) => plainName(line.trim()) === plainName(name);
const isOptions = (line: string, name: string) => {
  const [verb, module] = line.trim().split(/\s+/);
  return verb === 'options' && plainName(module ?? '') === plainName(name);
};

/** Files of modules-load.d and modprobe.d that are to differ. */
function configChanges(state: ModuleState, args: ModprobeArgs): Change[] {
  const { name, params } = args;
  if (args.persistent === 'absent') {
    return state.files.flatMap(({ path, text }) => {
      const mine = path.startsWith('/etc/modules-load.d/') ? isName : isOptions;
      const after = text.replace(/^.*$/gm, (line) => (mine(line, name) ? `#${line}` : line));
      return after === text ? [] : [{ what: path, before: text, after, text: true as const }];
    });
  }
  const own = (directory: string, isIt: (line: string) => boolean, line: string): Change[] => {
    const inDirectory = state.files.filter(({ path }) => path.startsWith(directory));
    if (inDirectory.some(({ text }) => text.split('\n').some(isIt))) return [];
    const path = `${directory}${name}.conf`;
    const before = inDirectory.find((file) => file.path === path)?.text ?? '';
    return [
      {
        what: path,
        before,
        after: `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}${line}\n`,
        text: true,
      },
    ];
  };
  const loading = own('/etc/modules-load.d/', (line) => isName(line, name), name);
  const wanted = `options ${name} ${params}`;
  const options =
    params === '' ? [] : own('/etc/modprobe.d/', (line) => line.trim().replace(/\s+/g, ' ') === wanted, wanted);
  return [...loading, ...options];
}

function plan(state: ModuleState, args: ModprobeArgs, env: PlanEnv): Plan {
  const { name, params } = args;
  if (!/^[\w-]+$/.test(name) || /[\n\0]/.test(params))
    return { changes: [], failed: `${JSON.stringify(name)} is no module` };
  const result = { name, params, state: args.state };
  const changes: Change[] = [];
  if (args.state === 'present' && !state.loaded && !state.builtin) {
    changes.push({ what: `module ${name}`, before: 'not loaded', after: 'loaded' });
  }
  if (args.state === 'absent' && state.builtin) {
    return { changes: [], failed: `${name} is part of the kernel of ${env.host} and cannot be removed`, result };
  }
  if (args.state === 'absent' && state.loaded) {
    changes.push({ what: `module ${name}`, before: 'loaded', after: 'not loaded' });
  }
  if (args.persistent !== 'disabled') changes.push(...configChanges(state, args));
  return { changes, result };
}

async function write({ what, after }: Change, context: ApplyContext): Promise<void> {
  const content = Buffer.from(String(after));
  const directory = what.slice(0, what.lastIndexOf('/'));
  const script = installScript({ path: what, bytes: content.length, owner: undefined, group: undefined, bits: 0o644 });
  const reply = await context.sh(`mkdir -p -- ${quote(directory)} || exit\n${script}`, { stdin: content });
  if (reply.rc !== 0) throw failedScript(reply, `writing ${what}`);
}

export const modprobe: HostModule<ModprobeArgs, ModuleState> = {
  kind: 'host',
  name: 'modprobe',
  fusable: true,
  read: (args) => ({ script: read(args) }),
  parse({ reply }, args) {
    const lines = new ReplyLines(reply, `looking for module ${args.name}`);
    const [loaded, builtin] = [lines.next() === 'y', lines.next() === 'y'];
    const parts = lines.rest().split('\0');
    const files: ConfigFile[] = [];
    for (let index = 0; index + 1 < parts.length; index += 2) {
      files.push({ path: parts[index] ?? '', text: parts[index + 1] ?? '' });
    }
    return { loaded, builtin, files };
  },
  plan,
  async apply(planned, args, context) {
    const [step] = planned.changes.filter(({ what }) => what.startsWith('module '));
    if (step !== undefined) {
      // Parameters are words of their own, as on a command line of modprobe.
      const words = args.params.split(/\s+/).filter((word) => word !== '');
      const command = args.state === 'present' ? ['modprobe', args.name, ...words] : ['modprobe', '-r', args.name];
      const reply = await context.sh(`${command.map(quote).join(' ')}\n`);
      if (reply.rc !== 0) {
        const hint = 'a container has no modules of its own: load it on the machine that runs it';
        throw failedScript(reply, `${command.slice(0, 2).join(' ')} on ${context.host}`, hint);
      }
    }
    for (const change of planned.changes) if (change !== step) await write(change, context);
    return {};
  },
};
