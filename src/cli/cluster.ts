import { setTimeout as delay } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { InputError, InterruptedError } from '../errors/errors.ts';
import { checkLines, infoLines } from '../report/cluster-check.ts';
import { metricsText } from '../report/cluster-metrics.ts';
import type { ClusterPicture } from '../report/cluster-picture.ts';
import { tableLines } from '../report/cluster-table.ts';
import { terminalSafeJson } from '../report/sanitize.ts';
import { adoptCommand } from './cluster/adopt-command.ts';
import { addSourceOptions, type SourceFlags, sourceOf, sourceOptions } from './cluster/source-options.ts';
import { inventorySource, type Source, type SourceOptions } from './cluster/sources.ts';
import { watchInterrupts } from './interrupt.ts';
import { positive } from './option-values.ts';
import { finishOptions } from './run-options.ts';
import { mask, output, wantsColour } from './terminal.ts';

type Form = 'table' | 'json' | 'prometheus';

interface Flags extends SourceFlags {
  readonly output: Form;
  readonly watch?: number | true;
  readonly each?: readonly string[];
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
    .argument(
      '[seed]',
      'HOST:PORT of one node, or the path of its unix socket; none: the inventory, every node asked from its own host',
    );
  addSourceOptions(command)
    .option('--each <inventory...>', 'several clusters at once: an inventory of each')
    .addOption(new Option('--output <form>', 'what to write').choices(['table', 'json', 'prometheus']).default('table'))
    .addOption(new Option('--watch [seconds]', 'look again and again (default: every 2 s)').argParser(positive))
    .action(async (seed: string | undefined, flags: Flags) => {
      process.exitCode = await show(seed, flags, view);
    });
  return finishOptions(command);
}

async function show(seed: string | undefined, flags: Flags, view: View): Promise<number> {
  const interrupts = watchInterrupts();
  const { signal } = interrupts;
  let sources: readonly Source[] = [];
  try {
    sources = await sourcesOf(seed, flags, await sourceOptions(flags, signal));
    for (;;) {
      const pictures = await Promise.all(sources.map((source) => source.look()));
      refuseSameNames(pictures);
      write(pictures, flags, view);
      // What is worse has the higher status: wrong, and not to be asked at all.
      if (flags.watch === undefined) return Math.max(...pictures.map((picture) => view.exit(picture)));
      await delay((flags.watch === true ? 2 : flags.watch) * 1000, undefined, { signal });
    }
  } catch (error) {
    if (signal.aborted || error instanceof InterruptedError) return 130;
    throw error;
  } finally {
    interrupts.stop();
    await Promise.all(sources.map((source) => source.close()));
  }
}

async function sourcesOf(seed: string | undefined, flags: Flags, options: SourceOptions): Promise<Source[]> {
  const { each = [] } = flags;
  if (each.length === 0) return [await sourceOf(seed, flags, options)];
  if (seed !== undefined || flags.inventory.length > 0) {
    throw inputError('--each has an inventory for every cluster', 'leave out the seed and -i');
  }
  return await Promise.all(each.map((inventory) => inventorySource([inventory], options)));
}

/** Two clusters under one name would be one to whoever reads the answer. */
function refuseSameNames(pictures: readonly ClusterPicture[]): void {
  for (const { name, through } of pictures) {
    const others = pictures.filter((other) => other.name === name && other.through !== through);
    if (others.length === 0) continue;
    const places = [through, ...others.map((other) => other.through)].join(', ');
    throw inputError(`several clusters are called ${name}: ${places}`, 'give each its own redis_cluster_name');
  }
}

function inputError(message: string, hint: string): InputError {
  return new InputError([{ severity: 'error', code: 'clusters', message, hint }]);
}

function write(pictures: readonly ClusterPicture[], flags: Flags, view: View): void {
  if (flags.output === 'prometheus') {
    output.line(metricsText(pictures).trimEnd());
    return;
  }
  const again = flags.watch !== undefined && process.stdout.isTTY === true;
  if (again && flags.output === 'table') output.rawLine('\u001b[H\u001b[2J');
  for (const [index, picture] of pictures.entries()) {
    if (flags.output === 'json') {
      output.rawLine(terminalSafeJson(JSON.stringify(mask.value({ event: 'cluster', ...picture }))));
      continue;
    }
    if (index > 0) output.line('');
    for (const line of view.lines(picture)) output.line(line);
  }
}
