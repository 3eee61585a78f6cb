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
  const measured = Object.fromEntries(Object.keys(peers).map((name) => [name, []]));
  for (let turn = 0; turn < runs; turn++) {
    for (const [name, once] of Object.entries(peers)) {
      if (name === 'ansible' && turn >= Math.min(runs, 3)) continue;
      measured[name].push(await once());
    }
  }
  report(measured);
} finally {
  await lab.down();
  rmSync(work, { recursive: true, force: true });
}

/** Wall and CPU seconds of a whole process; fails when it does, and when a run that is to change nothing changes something. */
async function timed(argv) {
  const started = performance.now();
  // The shell tells what its child took, which stays the same while other processes use the machine too.
  const child = spawn('sh', ['-c', '"$@"; status=$?; times >&3; exit $status', 'sh', ...argv], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, ANSIBLE_CONFIG: join(work, 'ansible.cfg') },
  });
  let output = '';
  let times = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  child.stdio[3].on('data', (chunk) => {
    times += chunk;
  });
  const exit = await new Promise((resolve) => child.once('close', resolve));
  if (exit !== 0 || /changed=[1-9]/.test(output)) {
    throw new Error(`${argv.join(' ')} ended with ${exit}:\n${output.slice(-3000)}`);
  }
  const spent = [...(times.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  const cpu = spent.reduce((sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds), 0);
  return { wall: (performance.now() - started) / 1000, cpu };
}

async function ansible() {
  writeFileSync(
    join(work, 'ansible.cfg'),
    '[defaults]\nforks = 50\nhost_key_checking = True\ninterpreter_python = /usr/bin/python3\n[ssh_connection]\npipelining = True\n',
  );
  const config = '/etc/redis/6379/redis.conf';
  for (const host of lab.hosts) {
    writeFileSync(join(work, `${host.name}.conf`), (await host.exec(`cat ${config}`)).stdout);
  }
  const [first] = lab.hosts;
  writeFileSync(join(work, 'logrotate'), (await first.exec('cat /etc/logrotate.d/rcdeploy-main')).stdout);
  const [owner, group, mode] = (await first.exec(`stat -c '%U %G %a' ${config}`)).stdout.trim().split(' ');
  const vars = {
    files_dir: work,
    conf_owner: owner,
    conf_group: group,
    conf_mode: `0${mode}`,
    ports: [6379],
    cli: '/opt/redis/current/bin/redis-cli -h {{ ansible_host }} -p 6379',
  };
  return () =>
    timed(['ansible-playbook', 'bench/ansible/cluster.yml', '-i', lab.inventoryFile, '-e', JSON.stringify(vars)]);
}

function sshTrue() {
  const login = ['-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${lab.knownHostsFile}`, '-i', lab.keyFile];
  return async () => {
    const started = performance.now();
    const each = await Promise.all(lab.hosts.map((host) => timed(['ssh', ...login, `root@${host.address}`, 'true'])));
    return { wall: (performance.now() - started) / 1000, cpu: each.reduce((sum, { cpu }) => sum + cpu, 0) };
  };
}

function report(measured) {
  const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  const walls = (runs) => runs.map(({ wall }) => wall);
  const ours = median(walls(measured.rcdeploy));
  const ansibleVersion = execFileSync('ansible-playbook', ['--version'], { encoding: 'utf8' }).split('\n')[0];
  console.log(
    `${hosts} hosts, ${cpus().length} cores, ${ansibleVersion}, Node ${process.version}, load ${readFileSync('/proc/loadavg', 'utf8').split(' ')[0]}`,
  );
  for (const [name, runs] of Object.entries(measured)) {
    const cpu = median(runs.map((run) => run.cpu)).toFixed(2);
    const wall = median(walls(runs));
    const list = walls(runs).map((value) => value.toFixed(2));
    console.log(
      `${name.padEnd(10)} median ${wall.toFixed(2)} s   ${(wall / ours).toFixed(1)} x rcdeploy   CPU here ${cpu} s   (${list.join(' ')})`,
    );
  }
}
