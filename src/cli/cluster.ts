import { setTimeout as delay } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { InterruptedError } from '../errors/errors.ts';
import { checkLines, infoLines } from '../report/cluster-check.ts';
import { metricsText } from '../report/cluster-metrics.ts';
import type { ClusterPicture } from '../report/cluster-picture.ts';
import { tableLines } from '../report/cluster-table.ts';
import { terminalSafeJson } from '../report/sanitize.ts';
import { askSecret } from './ask.ts';
import { inventorySource, type Source, seedSource } from './cluster/sources.ts';
import { parseExtraVars } from './extra-vars.ts';
import { watchInterrupts } from './interrupt.ts';
import { addInputOptions, finishOptions } from './run-options.ts';
import { mask, output, wantsColour } from './terminal.ts';
import { unlockVaults, type VaultFlags } from './vault-passwords.ts';

type Form = 'table' | 'json' | 'prometheus';

interface Flags extends VaultFlags {
  readonly inventory: readonly string[];
  readonly extraVars: readonly string[];
  readonly via?: string;
  readonly user?: string;
  readonly askPass?: boolean;
  readonly askRedisPass?: boolean;
  readonly privateKey?: string;
  readonly timeout: number;
  readonly output: Form;
  readonly watch?: number | true;
}

interface View {
  lines(picture: ClusterPicture): string[];
  exit(picture: ClusterPicture): number;
}

/** Whoever only looks is content with an answer; whoever checks wants to know that nothing is wrong. */
const looked = ({ nodes }: ClusterPicture): number => (nodes.some(({ role }) => role !== null) ? 0 : 4);
const views: Readonly<Record<string, { readonly what: string } & View>> = {
  status: {
    what: 'show every node of a cluster, and whether anything is wrong',
    lines: (picture) => tableLines(picture, wantsColour()),
    exit: looked,
  },
  check: {
    what: 'print what redis-cli --cluster check prints, and all that it does not look at; exit 2 when anything is wrong',
    lines: checkLines,
    exit: (picture) => looked(picture) || (picture.findings.length > 0 ? 2 : 0),
  },
  info: { what: 'print what redis-cli --cluster info prints', lines: infoLines, exit: looked },
};

/** `rcdeploy cluster`: looks at a cluster from an inventory or from one node, without a lock or a write; and takes one over. */
export function clusterCommand(): Command {
  const command = new Command('cluster').description('look at a cluster, or take over one that was built by hand');
  for (const [name, view] of Object.entries(views)) command.addCommand(viewCommand(name, view.what, view));
  return command.addCommand(adoptCommand());
}

function viewCommand(name: string, what: string, view: View): Command {
  const command = new Command(name)
    .description(what)
    .argument('[seed]', 'HOST:PORT of one node; none: the inventory, every node asked from its own host');
  addSourceOptions(command)
    .addOption(new Option('--output <form>', 'what to write').choices(['table', 'json', 'prometheus']).default('table'))
    .addOption(new Option('--watch [seconds]', 'look again and again (default: every 2 s)').argParser(positive))
    .action(async (seed: string | undefined, flags: Flags) => {
      process.exitCode = await show(seed, flags, view);
    });
  return finishOptions(command);
}

function addSourceOptions(command: Command): Command {
  return addInputOptions(command)
    .option(
      '--via <host>',
      'with a seed: the host that reaches the nodes, of the inventory or [user@]host[:port]; none: this machine',
    )
    .option('-u, --user <user>', 'log in as this user')
    .option('-k, --ask-pass', 'ask for the login password')
    .option('--ask-redis-pass', "ask for the nodes' password (else the variable redis_password)")
    .option('--private-key <file>', 'log in with this key')
    .addOption(new Option('-T, --timeout <seconds>', 'limit for connecting').argParser(positive).default(10));
}

interface AdoptFlags extends Flags {
  readonly name: string;
  readonly to?: string;
  readonly become?: boolean;
  readonly askBecomePass?: boolean;
}

function adoptCommand(): Command {
  const command = new Command('adopt')
    .description('write an inventory for a cluster that was built by hand, and the record of it on its hosts')
    .argument('<seed>', 'HOST:PORT of one node');
  addSourceOptions(command)
    .option('--name <name>', "the cluster's name from now on", 'main')
    .option('--to <directory>', 'where the inventory is to be (default: ./NAME)')
    .option('-b, --become', 'become root on the hosts')
    .option('-K, --ask-become-pass', 'ask for the password of sudo, su or doas')
    .action(async (seed: string, flags: AdoptFlags) => {
      process.exitCode = await takeOver(seed, flags);
    });
  return finishOptions(command);
}

async function takeOver(seed: string, flags: AdoptFlags): Promise<number> {
  const interrupts = watchInterrupts();
  const source = await sourceOf(seed, flags, interrupts.signal);
  try {
    const { adopt } = await import('./cluster/adopt.ts');
    const { user, name, askPass, askBecomePass, become = false } = flags;
    const run = {
      ...{ extraVars: flags.extraVars, inventory: [], tags: [], skipTags: [], forks: 50, lockWait: 0, fuse: true },
      ...{ verbose: 0, timeout: flags.timeout, ...(askPass && { askPass }), ...(askBecomePass && { askBecomePass }) },
      ...(flags.privateKey !== undefined && { privateKey: flags.privateKey }),
      ...{ vaultId: flags.vaultId, vaultPasswordFile: flags.vaultPasswordFile },
    };
    const local = flags.via === undefined && /^(127\.|\[?::1|localhost)/.test(seed);
    return await adopt(source, { seed, name, to: flags.to ?? name, local, user, become, run });
  } finally {
    interrupts.stop();
    await source.close();
  }
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('give a whole number from 1 on.');
  return Number(text);
}

async function show(seed: string | undefined, flags: Flags, view: View): Promise<number> {
  const interrupts = watchInterrupts();
  const { signal } = interrupts;
  let source: Source | undefined;
  try {
    source = await sourceOf(seed, flags, signal);
    for (;;) {
      const picture = await source.look();
      write(picture, flags, view);
      if (flags.watch === undefined) return view.exit(picture);
      await delay((flags.watch === true ? 2 : flags.watch) * 1000, undefined, { signal });
    }
  } catch (error) {
    if (signal.aborted || error instanceof InterruptedError) return 130;
    throw error;
  } finally {
    interrupts.stop();
    await source?.close();
  }
}

async function sourceOf(seed: string | undefined, flags: Flags, signal: AbortSignal): Promise<Source> {
  await unlockVaults(flags);
  const password = flags.askPass ? await askSecret('login password', '--ask-pass') : undefined;
  const redisPassword = flags.askRedisPass ? await askSecret("the nodes' password", '--ask-redis-pass') : undefined;
  for (const secret of [password, redisPassword]) if (secret) mask.add(secret);
  const agentSocket = process.env.SSH_AUTH_SOCK || undefined;
  const options = {
    extra: parseExtraVars(flags.extraVars),
    login: { user: flags.user, password, privateKey: flags.privateKey, agentSocket },
    redisPassword,
    timeoutMs: flags.timeout * 1000,
    signal,
  };
  return seed === undefined
    ? inventorySource(flags.inventory, options)
    : seedSource(seed, { host: flags.via, inventory: flags.inventory }, options);
}

function write(picture: ClusterPicture, flags: Flags, view: View): void {
  if (flags.output === 'json') {
    output.rawLine(terminalSafeJson(JSON.stringify(mask.value({ event: 'cluster', ...picture }))));
  } else if (flags.output === 'prometheus') {
    output.line(metricsText(picture).trimEnd());
  } else {
    const again = flags.watch !== undefined && process.stdout.isTTY === true;
    if (again) output.rawLine('\u001b[H\u001b[2J');
    for (const line of view.lines(picture)) output.line(line);
  }
}
