import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import type { LabOptions } from '../lab/contract.ts';
import { labDown, labList, labOpen, labUp } from '../lab/lab.ts';

const DEFAULT_NAME = 'default';

/** `rcdeploy lab`: disposable hosts on this machine, to try playbooks on. Errors are thrown as LabError. */
export function labCommand(): Command {
  const lab = new Command('lab')
    .enablePositionalOptions()
    .description('disposable Linux hosts on this machine, to try playbooks on (needs root)');
  lab
    .command('up')
    .description('make hosts h1, h2, … with a real sshd, and an inventory of them')
    .addArgument(new Argument('<hosts>', 'how many, 1 to 200').argParser(wholeNumber))
    .option('--name <name>', 'the name of the lab; several live side by side', DEFAULT_NAME)
    .option('--subnet <octets>', 'first three octets of its addresses (default: a free private network)')
    .addOption(new Option('--systemd <hosts>', 'hosts that run systemd: all, or numbers (1,3)').argParser(hostNumbers))
    .addOption(
      new Option('--zones <number>', 'zones z1, z2, … dealt out round robin').default(3).argParser(wholeNumber),
    )
    .option('--replace', 'take down a lab of the same name first')
    .action(async (hosts: number, flags: Omit<LabOptions, 'hosts'>) => up({ ...flags, hosts }));
  lab
    .command('down')
    .description('remove a lab and everything that it made')
    .argument('[name]', 'the name of the lab', DEFAULT_NAME)
    .action(down);
  lab.command('list').description('the labs on this machine').action(list);
  lab
    .command('ssh')
    .description('log in to a host of a lab, or run a command there')
    .argument('<name>', 'the name of the lab')
    .argument('<host>', 'h1, h2, …')
    .argument('[command...]')
    .allowUnknownOption()
    .action(ssh);
  return lab;
}

async function up(options: LabOptions): Promise<void> {
  const lab = await labUp(options);
  const [first, last] = [lab.hosts[0], lab.hosts.at(-1)];
  say(
    `lab ${lab.name}: ${lab.hosts.length} hosts, ${first?.name} (${first?.address}) to ${last?.name} (${last?.address})`,
  );
  say(`inventory: ${lab.inventoryFile}`);
  say(`log in:    rcdeploy lab ssh ${lab.name} h1`);
  say(`remove:    rcdeploy lab down ${lab.name}`);
}

async function down(name: string): Promise<void> {
  say((await labDown(name)) ? `lab ${name} is gone` : `there is no lab ${name} on this machine`);
}

async function list(): Promise<void> {
  const labs = await labList();
  if (labs.length === 0) say('no labs on this machine: rcdeploy lab up 6');
  for (const { name, state, hosts, subnet, inventoryFile } of labs) {
    say(`${name}  ${state}  ${hosts} hosts  ${subnet}.0/24  ${inventoryFile}`);
  }
}

async function ssh(name: string, host: string, command: readonly string[]): Promise<void> {
  const lab = await labOpen(name);
  const settings = ['-i', lab.keyFile, '-o', `UserKnownHostsFile=${lab.knownHostsFile}`];
  const child = spawn('ssh', [...settings, `root@${lab.host(host).address}`, ...command], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  process.exitCode = typeof code === 'number' ? code : 255;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function wholeNumber(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('give a whole number.');
  return Number(text);
}

function hostNumbers(text: string): 'all' | number[] {
  return text === 'all' ? 'all' : text.split(',').map(wholeNumber);
}
