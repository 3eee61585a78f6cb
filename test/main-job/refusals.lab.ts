import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { failures, fromTarball, rcdeploy } from './rcdeploy.ts';

const CLI = '/opt/redis/current/bin/redis-cli -p 6379';
/** Calls that would change a cluster. What a command was called how often is kept by the server. */
const STEPS = `${CLI} info commandstats | grep -E 'meet|forget|reset|flushall|addslots|setslot|replicate|set-config-epoch' | sed 's/,.*//' | sort`;

describeLab('nodes that are not ours', () => {
  let lab: Lab;
  let source: string[];
  const stepsSent = () => Promise.all(lab.hosts.map(async (host) => (await host.exec(STEPS)).stdout));
  const deploy = (inventory: string, replicas = 1) =>
    rcdeploy('run', 'playbooks/cluster.yml', '-i', inventory, ...source, '-e', `redis_replicas=${replicas}`);

  /** The lab's inventory with only these hosts in the group. */
  function inventoryOf(name: string, hosts: readonly string[]): string {
    const file = `${lab.dir}/${name}.yml`;
    const text = readFileSync(lab.inventoryFile, 'utf8');
    const [head = '', ...blocks] = text.split(/^(?= {8}h\d+:)/m);
    writeFileSync(file, head + blocks.filter((block) => hosts.includes(block.trim().split(':')[0] ?? '')).join(''));
    return file;
  }

  beforeAll(async () => {
    source = await fromTarball();
    lab = await labUp({ name: 'foreign', hosts: 9, replace: true });
  });
  afterAll(() => lab?.down());

  it('a member of another cluster is refused by name, and nothing is sent to anyone', async () => {
    const theirs = await deploy(inventoryOf('theirs', ['h1', 'h2', 'h3', 'h4', 'h5', 'h6']));
    expect(theirs.exit, failures(theirs)).toBe(0);
    const before = await stepsSent();
    const mixed = await deploy(inventoryOf('mixed', ['h3', 'h7', 'h8', 'h9']));
    expect(mixed.exit).toBe(2);
    expect(failures(mixed)).toMatch(/h3:6379/);
    expect((await stepsSent()).slice(0, 6)).toEqual(before.slice(0, 6));
    const written = 'ls -d /opt/redis /etc/redis /var/lib/redis; id redis';
    const untouched = await Promise.all(
      ['h7', 'h8', 'h9'].map(async (name) => (await lab.host(name).exec(written)).stdout),
    );
    expect(untouched).toEqual(['', '', '']);
  });

  it('a node that holds keys is refused by name, and nothing is sent to it or to the others', async () => {
    const formed = await deploy(inventoryOf('keys', ['h7', 'h8', 'h9']), 0);
    expect(formed.exit, failures(formed)).toBe(0);
    for (const name of ['h7', 'h8', 'h9']) await lab.host(name).exec(`${CLI} cluster reset hard`);
    const hold = `${CLI} config set cluster-require-full-coverage no; ${CLI} cluster addslots 12182
until [ "$(${CLI} set foo bar)" = OK ]; do sleep 0.1; done`;
    expect((await lab.host('h7').exec(hold, { timeoutMs: 20_000 })).rc).toBe(0);
    const before = await stepsSent();
    const refused = await deploy(inventoryOf('keys', ['h7', 'h8', 'h9']), 0);
    expect(refused.exit).toBe(2);
    expect(failures(refused)).toMatch(/h7:6379/);
    expect(await stepsSent()).toEqual(before);
    expect((await lab.host('h7').exec(`${CLI} get foo`)).stdout.trim()).toBe('bar');
  });
});
