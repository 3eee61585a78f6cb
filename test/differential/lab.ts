import type { Lab, LabHost } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';

/** What cases know the hosts by: the same names for both sides, behind which each has hosts of its own. */
const names = ['n1', 'n2'] as const;

/** One side's hosts, reached over SSH. */
export interface LabSide {
  /** Inventory that says how to reach them. */
  readonly connection: string;
  /** Whatever a case before may have left is gone. */
  clean(): Promise<void>;
  /** Files below /srv/case, and users and groups whose names begin with `case`. */
  state(): Promise<Record<string, string>>;
}

export interface Twins {
  readonly ansible: LabSide;
  readonly rcdeploy: LabSide;
  down(): Promise<void>;
}

/** Twin hosts for each side. */
export async function twinsUp(name: string): Promise<Twins> {
  const lab = await labUp({
    name,
    hosts: 2 * names.length,
    replace: true,
    everyHost: {
      users: [
        { name: 'ops', sudo: 'nopasswd' },
        { name: 'careful', sudo: 'password', password: 'right' },
      ],
    },
  });
  const [ansible, rcdeploy] = [lab.hosts.slice(0, names.length), lab.hosts.slice(names.length)];
  return { ansible: sideOf(lab, ansible), rcdeploy: sideOf(lab, rcdeploy), down: () => lab.down() };
}

function sideOf(lab: Lab, hosts: readonly LabHost[]): LabSide {
  const lines = names.map((name, index) => `${name} ansible_host=${hosts[index]?.address}`);
  const vars = [
    `ansible_ssh_private_key_file=${lab.keyFile}`,
    `ansible_ssh_common_args='-o UserKnownHostsFile=${lab.knownHostsFile}'`,
  ];
  return {
    connection: [...lines, '[all:vars]', ...vars, ''].join('\n'),
    clean: async () => {
      await Promise.all(hosts.map((host) => host.exec('rm -rf /srv/case && mkdir /srv/case')));
    },
    state: async () => {
      const states = await Promise.all(hosts.map(stateOf));
      return Object.fromEntries(
        states.flatMap((state, index) => state.map(([key, value]) => [`${names[index]}:${key}`, value])),
      );
    },
  };
}

const script = `cd /srv/case
find . -mindepth 1 -printf '%P\\t%y %m %u:%g %l\\n'
find . -type f -exec sha256sum {} + | sed 's/^\\([0-9a-f]*\\)  \\.\\/\\(.*\\)$/\\2 holds\\t\\1/'
getent passwd | sed -n 's/^case/user case/p' | tr : '\\t'
getent group | sed -n 's/^case/group case/p' | tr : '\\t'
id caseu 2>/dev/null | sed 's/^/id caseu\\t/'`;

async function stateOf(host: LabHost): Promise<[string, string][]> {
  const { stdout } = await host.exec(script);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => [line.slice(0, line.indexOf('\t')), line.slice(line.indexOf('\t') + 1)]);
}
