import { Command, Option } from 'commander';
import { InputError } from '../errors/errors.ts';
import { loadInventory } from '../inventory/inventory.ts';
import { selectHosts } from '../inventory/patterns.ts';
import { sanitize, sanitizeLine } from '../report/sanitize.ts';
import { type ScannedHost, scanHostKeys } from '../transport/hostkeys.ts';
import { askYes } from './ask.ts';
import { parseExtraVars } from './extra-vars.ts';
import { hostTarget } from './host-target.ts';
import { watchInterrupts } from './interrupt.ts';
import { inventorySources } from './load.ts';
import { addInputOptions, finishOptions } from './run-options.ts';
import { output } from './terminal.ts';
import { unlockVaults, type VaultFlags } from './vault-passwords.ts';

interface Flags extends VaultFlags {
  readonly inventory: readonly string[];
  readonly extraVars: readonly string[];
  readonly accept?: boolean;
  readonly limit?: string;
}

type Seen = Exclude<ScannedHost, { status: 'unreachable' }>;

const connectTimeoutMs = 10_000;
const atOnce = 50;

/** `rcdeploy hostkeys scan`: the fingerprints of many fresh hosts, to compare and approve in one go. */
export function hostkeysCommand(): Command {
  const scan = new Command('scan')
    .description('show the host keys of hosts, and approve those that are new')
    .argument('[pattern]', 'hosts to look at', 'all')
    .addOption(new Option('--accept', 'approve new keys without asking; changed ones never'))
    .option('-l, --limit <pattern>', 'only these hosts');
  finishOptions(addInputOptions(scan).action(scanKeys));
  return new Command('hostkeys').description("hosts' keys, and which of them are approved").addCommand(scan);
}

async function scanKeys(pattern: string, flags: Flags): Promise<void> {
  await unlockVaults(flags);
  const inventory = await loadInventory(inventorySources(flags.inventory));
  const extra = parseExtraVars(flags.extraVars);
  const limit = new Set(selectHosts(inventory, flags.limit ?? 'all'));
  const targets = selectHosts(inventory, pattern)
    .filter((host) => limit.has(host))
    .map((host) => hostTarget(inventory, host, extra, connectTimeoutMs))
    .filter(({ connection }) => connection === 'ssh');
  if (targets.length === 0) {
    const hint = 'see the hosts and groups with `rcdeploy inventory --graph`';
    throw new InputError([
      { severity: 'error', code: 'no-hosts', message: `no host to reach over ssh matches '${pattern}'`, hint },
    ]);
  }
  const interrupts = watchInterrupts();
  const scanned = await scanHostKeys(targets, atOnce, interrupts.signal).finally(() => interrupts.stop());
  for (const line of table(scanned)) output.line(line);
  const unknown = scanned.filter((one): one is Seen => one.status === 'unknown');
  const approved = unknown.length > 0 && (flags.accept === true || (await askYes(question(unknown.length))));
  if (approved) {
    const files = new Set<string>();
    for (const one of unknown) files.add(await one.approve());
    output.line(`approved ${unknown.length} in ${[...files].join(', ')}`);
  }
  process.exitCode = exitOf(scanned, approved);
}

function question(number: number): string {
  return `Approve the ${number} unknown? Compare the fingerprints with the hosts' consoles first. (yes/no)`;
}

/** 0: all known by now; 2: some are not, or have changed; 4: some gave no answer. */
function exitOf(scanned: readonly ScannedHost[], approved: boolean): number {
  if (scanned.some(({ status }) => status === 'unreachable')) return 4;
  const wrong = scanned.some(({ status }) => status !== 'known' && !(status === 'unknown' && approved));
  return wrong ? 2 : 0;
}

function table(scanned: readonly ScannedHost[]): string[] {
  const width = Math.max(0, ...scanned.map(({ host }) => host.length));
  return scanned.map((one) => {
    const head = `${sanitizeLine(one.host).padEnd(width)}  ${one.status.padEnd(11)}`;
    if (one.status === 'unreachable') {
      const hint = one.error.hint === undefined ? '' : `\n${' '.repeat(width)}  ${sanitize(one.error.hint)}`;
      return `${head}  ${sanitizeLine(one.error.message)}${hint}`;
    }
    const where = one.where === undefined ? '' : `  (differs from ${one.where})`;
    return `${head}  ${one.fingerprint}  ${one.type}  ${sanitizeLine(one.name)}${where}`;
  });
}
