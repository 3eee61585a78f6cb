import { quote } from '../sh/quote.ts';
import type { Change, HostModule, Plan } from './contract.ts';
import type { HostnameArgs } from './generated/hostname.ts';
import { installScript } from './install-file.ts';
import { failedScript, ReplyLines } from './reply-lines.ts';

interface Named {
  readonly current: string;
  readonly systemd: boolean;
  /** The file that gives the name at boot. */
  readonly file: string;
  readonly text: string;
}

const files: Readonly<Record<string, string>> = { openrc: '/etc/conf.d/hostname', sles: '/etc/HOSTNAME' };

function fileOf(args: HostnameArgs): string {
  return files[args.use ?? ''] ?? '/etc/hostname';
}

function permanentName({ file, text }: Named): string {
  if (file !== files.openrc)
    return (
      text
        .split('\n')
        .find((line) => line !== '' && !line.startsWith('#'))
        ?.trim() ?? ''
    );
  return /^hostname=["']?([^"'\n]*)/m.exec(text)?.[1] ?? '';
}

function textWith({ file, text }: Named, name: string): string {
  if (file !== files.openrc) return `${name}\n`;
  const line = `hostname="${name}"`;
  return /^hostname=.*$/m.test(text) ? text.replace(/^hostname=.*$/m, line) : `${text}${line}\n`;
}

function plan(state: Named, args: HostnameArgs): Plan {
  const { name } = args;
  if (name.length > 64) return { changes: [], failed: 'name cannot be longer than 64 characters, try a shorter name' };
  if (!/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(name)) {
    return { changes: [], failed: `${JSON.stringify(name)} is no host name: letters, digits, dots and hyphens only` };
  }
  const changes: Change[] = [];
  if (state.current !== name) changes.push({ what: 'hostname', before: state.current, after: name });
  if (permanentName(state) !== name) {
    changes.push({ what: state.file, before: state.text, after: textWith(state, name), text: true });
  }
  const [short = '', ...domain] = name.split('.');
  const facts = {
    ansible_hostname: short,
    ansible_nodename: name,
    ansible_fqdn: name,
    ansible_domain: domain.join('.'),
  };
  return { changes, result: { name, ansible_facts: facts } };
}

export const hostname: HostModule<HostnameArgs, Named> = {
  kind: 'host',
  name: 'hostname',
  fusable: true,
  read: (args) => ({
    script: `uname -n
[ -d /run/systemd/system ] && command -v hostnamectl >/dev/null 2>&1 && echo y || echo n
f=${fileOf(args)}
[ ! -e "$f" ] || cat < "$f"
`,
  }),
  parse({ reply }, args) {
    const lines = new ReplyLines(reply, 'reading the host name');
    const [current, systemd] = [lines.next(), lines.next() === 'y'];
    return { current, systemd, file: fileOf(args), text: lines.rest() };
  },
  plan,
  async apply(planned, args, context, state) {
    const usesSystemd = args.use === 'systemd' || (args.use === undefined && state.systemd);
    const kernel = planned.changes.some(({ what }) => what === 'hostname');
    const file = planned.changes.find(({ what }) => what === state.file);
    const name = quote(args.name);
    // hostnamectl needs hostnamed and D-Bus, which small systems lack: the file and the kernel are what it would set.
    const byHand = `${file === undefined ? '' : `${installScript({ path: state.file, bytes: Buffer.byteLength(String(file.after)), follow: true, owner: undefined, group: undefined, bits: 0o644 })}`}${
      kernel ? `hostname ${name} || printf %s ${name} > /proc/sys/kernel/hostname || exit\n` : ''
    }`;
    const script = usesSystemd
      ? `if hostnamectl --static set-hostname ${name} >/dev/null 2>&1 && hostnamectl --transient set-hostname ${name} >/dev/null 2>&1; then exit 0; fi\n${byHand}`
      : byHand;
    const reply = await context.sh(script, { stdin: Buffer.from(String(file?.after ?? '')) });
    if (reply.rc !== 0) throw failedScript(reply, `setting the host name ${args.name}`);
    return {};
  },
};
