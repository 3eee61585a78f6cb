// Times the run that changes nothing: rcdeploy, the same work by Ansible, and `ssh HOST true` on all hosts at once, in turns.
// `npm run build && node bench/rerun.mjs [HOSTS] [RUNS]`; needs root, a machine that can make labs, and ansible-playbook.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { labUp } from '../dist/lab/lab.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const hosts = Number(process.argv[2] ?? 6);
const runs = Number(process.argv[3] ?? 5);
const work = mkdtempSync(join(tmpdir(), 'rcdeploy-bench-'));
const lab = await labUp({ name: 'bench', hosts, replace: true });

try {
  const run = [
    'node',
    `${root}dist/cli/main.js`,
    'run',
    'playbooks/cluster.yml',
    '-i',
    lab.inventoryFile,
    '-e',
    'redis_source=apt-source',
    '--output',
    'json',
  ];
  await timed(run);
  const peers = { rcdeploy: () => timed(run), ansible: await ansible(), 'ssh true': sshTrue() };
  const seconds = Object.fromEntries(Object.keys(peers).map((name) => [name, []]));
  for (let turn = 0; turn < runs; turn++) {
    for (const [name, once] of Object.entries(peers)) {
      if (name === 'ansible' && turn >= Math.min(runs, 3)) continue;
      seconds[name].push(await once());
    }
  }
  report(seconds);
} finally {
  await lab.down();
  rmSync(work, { recursive: true, force: true });
}

/** Seconds of a whole process; fails when it does. */
async function timed(argv) {
  const started = performance.now();
  const [program, ...args] = argv;
  const child = spawn(program, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ANSIBLE_CONFIG: join(work, 'ansible.cfg') },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const exit = await new Promise((resolve) => child.once('close', resolve));
  if (exit !== 0) throw new Error(`${argv.join(' ')} ended with ${exit}:\n${output.slice(-3000)}`);
  return (performance.now() - started) / 1000;
}

async function ansible() {
  writeFileSync(
    join(work, 'ansible.cfg'),
    '[defaults]\nforks = 50\nhost_key_checking = True\ninterpreter_python = /usr/bin/python3\n[ssh_connection]\npipelining = True\n',
  );
  const vars = { conf_dir: work };
  for (const host of lab.hosts) {
    writeFileSync(join(work, `${host.name}.conf`), (await host.exec('cat /etc/redis/6379/redis.conf')).stdout);
    const [owner, group, mode] = (await host.exec("stat -c '%U %G %a' /etc/redis/6379/redis.conf")).stdout
      .trim()
      .split(' ');
    Object.assign(vars, { conf_owner: owner, conf_group: group, conf_mode: `0${mode}` });
  }
  return () =>
    timed(['ansible-playbook', 'bench/ansible/cluster.yml', '-i', lab.inventoryFile, '-e', JSON.stringify(vars)]);
}

function sshTrue() {
  const login = ['-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${lab.knownHostsFile}`, '-i', lab.keyFile];
  return async () => {
    const started = performance.now();
    await Promise.all(lab.hosts.map((host) => timed(['ssh', ...login, `root@${host.address}`, 'true'])));
    return (performance.now() - started) / 1000;
  };
}

function report(seconds) {
  const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  const ours = median(seconds.rcdeploy);
  const ansibleVersion = execFileSync('ansible-playbook', ['--version'], { encoding: 'utf8' }).split('\n')[0];
  console.log(
    `${hosts} hosts, ${cpus().length} cores, ${ansibleVersion}, Node ${process.version}, load ${readFileSync('/proc/loadavg', 'utf8').split(' ')[0]}`,
  );
  for (const [name, values] of Object.entries(seconds)) {
    const list = values.map((value) => value.toFixed(2)).join(' ');
    console.log(
      `${name.padEnd(10)} median ${median(values).toFixed(2)} s   ${(median(values) / ours).toFixed(1)} x rcdeploy   (${list})`,
    );
  }
}
