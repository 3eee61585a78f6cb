import { setTimeout as delay } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { InterruptedError } from '../errors/errors.ts';
import { checkLines, infoLines } from '../report/cluster-check.ts';
import { metricsText } from '../report/cluster-metrics.ts';
import type { ClusterPicture } from '../report/cluster-picture.ts';
import { tableLines } from '../report/cluster-table.ts';
import { terminalSafeJson } from '../report/sanitize.ts';
import { adoptCommand } from './cluster/adopt-command.ts';
import { addSourceOptions, positive, type SourceFlags, sourceOf, sourceOptions } from './cluster/source-options.ts';
import type { Source } from './cluster/sources.ts';
import { watchInterrupts } from './interrupt.ts';
import { finishOptions } from './run-options.ts';
import { mask, output, wantsColour } from './terminal.ts';

type Form = 'table' | 'json' | 'prometheus';

interface Flags extends SourceFlags {
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

async function show(seed: string | undefined, flags: Flags, view: View): Promise<number> {
  const interrupts = watchInterrupts();
  const { signal } = interrupts;
  let source: Source | undefined;
  try {
    source = await sourceOf(seed, flags, await sourceOptions(flags, signal));
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
