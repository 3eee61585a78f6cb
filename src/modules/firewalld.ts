import { quote } from '../sh/quote.ts';
import type { Change, HostModule, Plan } from './contract.ts';
import type { FirewalldArgs } from './generated/firewalld.ts';
import { failedScript, ReplyLines } from './reply-lines.ts';

type Place = 'permanent' | 'runtime';

interface FirewallState {
  readonly status: 'absent' | 'stopped' | 'running';
  /** What is asked for is there, by place; undefined where it was not looked at. */
  readonly permanent: boolean | undefined;
  readonly runtime: boolean | undefined;
  /** What firewall-cmd said where it could not answer. */
  readonly error: string;
}

/** The part of firewall-cmd's options that names what the task is about, and its value; a switch has none. */
function subject(args: FirewalldArgs): { readonly option: string; readonly value: string | undefined } {
  const named = [
    ['service', args.service],
    ['port', args.port],
    ['protocol', args.protocol],
    ['source', args.source],
    ['interface', args.interface],
    ['rich-rule', args.rich_rule],
    ['icmp-block', args.icmp_block],
  ] as const;
  const [option, value] = named.find(([, text]) => text !== undefined) ?? [];
  if (option !== undefined) return { option, value };
  if (args.masquerade !== undefined) return { option: 'masquerade', value: undefined };
  if (args.icmp_block_inversion !== undefined) return { option: 'icmp-block-inversion', value: undefined };
  return { option: 'zone', value: args.zone };
}

const switchedOff = /^(?:false|no|off|0|disabled)$/i;

/** `masquerade: false` with `state: enabled` means that there shall be none. */
function wantsThere(args: FirewalldArgs): boolean {
  const enabled = args.state === 'enabled' || args.state === 'present';
  const given = args.masquerade ?? args.icmp_block_inversion;
  return given !== undefined && switchedOff.test(given) ? !enabled : enabled;
}

function places(args: FirewalldArgs): Place[] {
  if (subject(args).option === 'zone') return ['permanent'];
  return [
    ...(args.permanent ? (['permanent'] as const) : []),
    ...(args.immediate || !args.permanent ? (['runtime'] as const) : []),
  ];
}

function command(args: FirewalldArgs, place: Place, verb: 'query' | 'add' | 'remove'): string {
  const { option, value } = subject(args);
  if (option === 'zone') {
    const zone = quote(value ?? '');
    if (verb === 'query') return `firewall-cmd --permanent --get-zones | tr ' ' '\\n' | grep -qx -e ${zone}`;
    return `firewall-cmd --permanent ${verb === 'add' ? '--new-zone' : '--delete-zone'}=${zone}`;
  }
  const permanent = place === 'permanent' ? ' --permanent' : '';
  const zone = args.zone === undefined ? '' : ` --zone=${quote(args.zone)}`;
  const timeout = verb === 'add' && place === 'runtime' && args.timeout > 0 ? ` --timeout=${args.timeout}` : '';
  return `firewall-cmd${permanent}${zone} --${verb}-${option}${value === undefined ? '' : `=${quote(value)}`}${timeout}`;
}

function read(args: FirewalldArgs): string {
  const looks = places(args).map(
    (place) =>
      `e=$(${command(args, place, 'query')} 2>&1 >/dev/null) && echo ${place} y || echo "${place} n $e" | tr '\\n' ' '; echo`,
  );
  return `command -v firewall-cmd >/dev/null 2>&1 || { echo absent; exit 0; }
firewall-cmd --state >/dev/null 2>&1 || { echo stopped; exit 0; }
echo running
${looks.join('\n')}
`;
}

function plan(state: FirewallState, args: FirewalldArgs, host: string): Plan {
  if (state.status !== 'running') {
    const failed =
      state.status === 'absent'
        ? `${host} has no firewall-cmd: firewalld is not installed there`
        : `firewalld is not running on ${host}`;
    return { changes: [], failed };
  }
  if (state.error !== '') return { changes: [], failed: `firewall-cmd on ${host}: ${state.error}` };
  const { option, value } = subject(args);
  if (option === 'zone' && !args.permanent) {
    return { changes: [], failed: 'a zone can only be made or removed with permanent: true' };
  }
  const wanted = wantsThere(args);
  const changes: Change[] = places(args)
    .filter((place) => state[place] !== wanted)
    .map((place) => ({
      what: `firewalld ${args.zone ?? 'default zone'} ${place}: ${option}${value === undefined ? '' : ` ${value}`}`,
      before: wanted ? 'absent' : 'present',
      after: wanted ? 'present' : 'absent',
    }));
  const parts = [
    ...(args.permanent ? ['Permanent'] : []),
    ...(places(args).includes('runtime') ? ['Non-permanent'] : []),
  ];
  return { changes, result: { msg: parts.map((part) => `${part} operation`).join(', ') } };
}

export const firewalld: HostModule<FirewalldArgs, FirewallState> = {
  kind: 'host',
  name: 'firewalld',
  fusable: true,
  read: (args) => ({ script: read(args) }),
  parse({ reply }) {
    const lines = new ReplyLines(reply, 'asking firewalld');
    const status = lines.next() as FirewallState['status'];
    const answers = lines.lines().map((line) => /^(\w+) ([yn]) ?(.*)$/.exec(line.trim()) ?? []);
    const of = (place: Place) => {
      const answer = answers.find(([, name]) => name === place);
      return answer === undefined ? undefined : answer[2] === 'y';
    };
    const errors = answers.map(([, , , error = '']) => error.trim()).filter((error) => /^Error|INVALID_/i.test(error));
    return { status, permanent: of('permanent'), runtime: of('runtime'), error: errors[0] ?? '' };
  },
  plan: (state, args, env) => plan(state, args, env.host),
  async apply(planned, args, context) {
    const verb = wantsThere(args) ? 'add' : 'remove';
    for (const place of places(args)) {
      if (!planned.changes.some(({ what }) => what.includes(` ${place}: `))) continue;
      const reply = await context.sh(`${command(args, place, verb)}\n`);
      if (reply.rc !== 0) throw failedScript(reply, `changing firewalld (${place})`);
    }
    return {};
  },
};
