import { writeFileScript } from '../sh/write-file.ts';
import type { ApplyContext, Change, HostModule, Plan, Result } from './contract.ts';
import type { RedisHostArgs } from './generated/redis_host.ts';
import { must } from './redis-build/build-on-host.ts';
import { closedPorts, type Firewall, openPortsScript } from './redis-host/firewall.ts';
import {
  type HostFacts,
  hostFactsScript,
  kernelFiles,
  limitsFile,
  parseHostFacts,
  sysctlFile,
  tmpfilesFile,
} from './redis-host/host-facts.ts';

interface Setting {
  readonly name: string;
  readonly wanted: string;
  /** What is wrong with another value, for people. */
  readonly why: string;
}

interface HostPlan extends Plan {
  /** Values to write now. */
  readonly set: readonly Setting[];
  /** Files for the next boot, by path. */
  readonly files: Readonly<Record<string, string>>;
  /** Ports to be let through. */
  readonly open: readonly number[];
  readonly firewall: Firewall | undefined;
}

/** The preflight of a host. */
export const redisHost: HostModule<RedisHostArgs, HostFacts> = {
  kind: 'host',
  name: 'redis_host',
  fusable: true,
  read: (args) => ({ script: hostFactsScript(portsOf(args), args.data_dir) }),
  parse: ({ reply, at }) => parseHostFacts(reply, at ?? Date.now()),
  plan: planHost,

  async apply(planned, _args, context): Promise<Result> {
    const plan = planned as HostPlan;
    for (const [path, text] of Object.entries(plan.files)) {
      const script = writeFileScript({ path, bytes: Buffer.byteLength(text), mode: '0644', owner: '0', group: '0' });
      await must(context, `mkdir -p "$(dirname ${path})"\n${script}`, `${path} could not be written`, {
        stdin: Buffer.from(text),
      });
    }
    if (plan.firewall && plan.open.length > 0) {
      const script = openPortsScript(plan.firewall, plan.open);
      await must(context, script, `${plan.firewall.kind} does not open port ${plan.open.join(', ')}`);
    }
    const refused = await setNow(plan.set, context);
    return { ...plan.result, refused, changed: plan.changes.length > 0 };
  },
};

/** Write the values. A container often refuses: that is told, and left. */
async function setNow(settings: readonly Setting[], context: ApplyContext): Promise<string[]> {
  const refused: string[] = [];
  for (const setting of settings) {
    const reply = await context.sh(`echo ${setting.wanted} >${kernelFiles[setting.name]}`);
    if (reply.rc !== 0) {
      refused.push(setting.name);
      context.progress(
        `${context.host}: the kernel refuses ${setting.name} = ${setting.wanted} here (a container?): ${setting.why}`,
      );
    }
  }
  return refused;
}

function portsOf(args: RedisHostArgs): number[] {
  const bus = args.cluster ? args.ports.map((port) => port + 10000).filter((port) => port <= 65535) : [];
  return [...args.ports, ...bus];
}

function planHost(facts: HostFacts, args: RedisHostArgs): HostPlan {
  const failed = impossible(facts, args);
  if (failed !== undefined) return { changes: [], failed, set: [], files: {}, open: [], firewall: undefined };
  const wrong = wrongSettings(facts, args);
  const tunes = args.apply && facts.isRoot;
  const fixable = tunes ? wrong.filter((one) => facts.writable.has(one.name)) : [];
  const { set, files, changes } = tunes ? fixes(facts, args, fixable) : { set: [], files: {}, changes: [] };
  const open = args.open_ports && facts.isRoot ? closedPorts(facts.firewall, portsOf(args)) : [];
  const openings = open.map((port) => ({
    what: `port ${port} in ${facts.firewall?.kind}`,
    before: 'closed',
    after: 'open',
  }));
  const left = wrong.filter((one) => !fixable.includes(one)).map((one) => whyLeft(one, facts, args));
  return {
    changes: [...changes, ...openings],
    ...{ set, files, open, firewall: facts.firewall },
    warnings: foreignUnits(facts),
    unsafe: [...concerns(facts, args), ...left],
    result: { wrong: wrong.map((one) => one.name), firewall: facts.firewall?.kind ?? null },
    ...(set.length > 0 && { applies: true }),
  };
}

/** Why a wrong setting stays. */
function whyLeft(one: Setting, { kernel, isRoot }: HostFacts, { apply }: RedisHostArgs): string {
  if (apply && isRoot) return `${one.name} is ${kernel[one.name]} and cannot be set here (a container?): ${one.why}`;
  const how = apply ? 'apply needs root' : 'apply sets it; the shipped playbooks: redis_tune_host';
  return `${one.name} is ${kernel[one.name]}: ${one.why} (${how})`;
}

/** The changes. A value that is persisted and yet wrong was refused before: it is tried again, but is no change. */
function fixes(
  facts: HostFacts,
  args: RedisHostArgs,
  fixable: readonly Setting[],
): Pick<HostPlan, 'set' | 'files' | 'changes'> {
  const old = persistedNames(facts);
  const names = new Set([...fixable.map((one) => one.name), ...old]);
  const sysctl = wantedSettings(args)
    .filter((one) => one.name !== 'thp' && names.has(one.name))
    .map((one) => `${one.name} = ${one.wanted}\n`)
    .join('');
  const thp = names.has('thp') ? `w ${kernelFiles.thp} - - - - madvise\n` : '';
  const texts = { [sysctlFile]: sysctl, [tmpfilesFile]: thp, [limitsFile]: limitsText(facts, args) };
  const files = Object.fromEntries(
    Object.entries(texts).filter(([path, text]) => text !== '' && text !== facts.persisted.get(path)),
  );
  const changes: Change[] = [
    ...fixable
      .filter((one) => !old.includes(one.name))
      .map((one) => ({ what: one.name, before: facts.kernel[one.name], after: one.wanted })),
    ...Object.entries(files).map(([path, after]) => ({
      what: path,
      before: facts.persisted.get(path),
      after,
      text: true as const,
    })),
  ];
  return { changes, set: fixable, files };
}

/** The limits of later logins: of the server's user, and of root, whom no wildcard of such files means. */
function limitsText(facts: HostFacts, { open_files, user }: RedisHostArgs): string {
  const old = facts.persisted.get(limitsFile);
  if (!facts.hasLimitsDir || (facts.openFiles >= open_files && old === undefined)) return '';
  return [...new Set(['root', user])].map((name) => `${name} hard nofile ${open_files}\n`).join('');
}

function persistedNames({ persisted }: HostFacts): string[] {
  const sysctl = [...(persisted.get(sysctlFile) ?? '').matchAll(/^(\S+) =/gm)].map((match) => match[1] ?? '');
  return persisted.get(tmpfilesFile)?.includes('transparent_hugepage') ? [...sysctl, 'thp'] : sysctl;
}

function wantedSettings(args: RedisHostArgs): Setting[] {
  return [
    {
      name: 'vm.overcommit_memory',
      wanted: '1',
      why: 'a background save or replication can fail with memory to spare',
    },
    { name: 'net.core.somaxconn', wanted: String(args.backlog), why: 'bursts of connections are dropped' },
    { name: 'thp', wanted: 'madvise', why: 'transparent huge pages cost latency and memory while Redis saves' },
  ];
}

function wrongSettings(facts: HostFacts, args: RedisHostArgs): Setting[] {
  return wantedSettings(args).filter(({ name, wanted }) => {
    const value = facts.kernel[name];
    return (
      value !== undefined &&
      (name === 'thp'
        ? value === 'always'
        : name === 'net.core.somaxconn'
          ? Number(value) < Number(wanted)
          : value !== wanted)
    );
  });
}

/** What makes a start impossible. */
function impossible(facts: HostFacts, args: RedisHostArgs): string | undefined {
  const high = args.cluster ? args.ports.filter((port) => port > 55535) : [];
  if (high.length > 0) {
    return `port ${high.join(', ')} leaves no room for a cluster bus port (port + 10000): use ports up to 55535`;
  }
  const doubled = portsOf(args).filter((port, index, all) => all.indexOf(port) !== index);
  if (doubled.length > 0) {
    return `port ${doubled.join(', ')} is wanted twice, as a client port or cluster bus port (port + 10000)`;
  }
  return facts.taken.length > 0
    ? `${facts.taken.map((one) => `port ${one}`).join('; ')} is taken: stop that, or choose other ports`
    : undefined;
}

function concerns(facts: HostFacts, args: RedisHostArgs): string[] {
  const told: string[] = [];
  if (facts.freeMb !== undefined && facts.freeMb < args.free_mb) {
    told.push(`only ${facts.freeMb} MB are free for ${args.data_dir} (${args.free_mb} MB wanted)`);
  }
  if (facts.availableMb !== undefined && facts.availableMb < 64 * Math.max(1, args.ports.length)) {
    told.push(`only ${facts.availableMb} MB of memory are available for ${args.ports.length} nodes`);
  }
  if (facts.openFiles < args.open_files) {
    told.push(
      `the limit of open files is ${facts.openFiles}, below ${args.open_files}: Redis will accept fewer clients${facts.persisted.has(limitsFile) ? ` (${limitsFile} raises it for those who log in by PAM)` : ''}`,
    );
  }
  if (Math.abs(facts.clockOffset) > 5) {
    told.push(
      `its clock is ${Math.abs(facts.clockOffset)} s ${facts.clockOffset > 0 ? 'ahead of' : 'behind'} the control machine's`,
    );
  }
  const closed = args.open_ports && facts.isRoot ? [] : closedPorts(facts.firewall, portsOf(args));
  if (closed.length > 0) {
    told.push(
      `${facts.firewall?.kind} is at work and has no rule for port ${closed.join(', ')} (open_ports, as root, opens them; the shipped playbooks: redis_open_ports)`,
    );
  }
  if (facts.swapMb !== undefined && args.swap !== 'any' && (args.swap === 'present') !== facts.swapMb > 0) {
    told.push(`it has ${facts.swapMb > 0 ? `${facts.swapMb} MB of` : 'no'} swap, wanted is swap: ${args.swap}`);
  }
  return told;
}

function foreignUnits({ foreignUnits: units }: HostFacts): string[] {
  return units.map(
    (unit) => `the distribution's ${unit} runs here: it is left alone, and must not share a port with a node`,
  );
}
