import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { inventoryOf } from '../first-hour/hosts.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { play } from './play.ts';

/** Ends the connection from the host's side, in the middle of a task. */
const cutOff = `for p in /proc/[0-9]*; do
  case $(tr '\\0' ' ' <$p/cmdline 2>/dev/null) in 'sshd: root@notty'*) kill -KILL \${p#/proc/} ;; esac
done`;

const begin = `- hosts: all
  gather_facts: false
  tasks:
    - shell: 'echo begun; until [ -e /srv/gate ]; do sleep 0.2; done; echo "made it"'
      async: 300
      poll: 0
      register: job
    - {name: cut off, shell: touch /srv/waits; sleep 1000}
`;

const ask = (jobs: unknown) => `- hosts: all
  gather_facts: false
  vars: {jobs: ${JSON.stringify(jobs)}}
  tasks:
    - {name: still, async_status: {jid: "{{ jobs[inventory_hostname] }}"}}
    - {name: opened, file: {path: /srv/gate, state: touch}}
    - async_status: {jid: "{{ jobs[inventory_hostname] }}"}
      register: done
      until: done.finished
      retries: 120
      delay: 0.5
`;

describeLab('a command that is left behind with poll 0', () => {
  let lab: Lab;
  beforeAll(async () => {
    const perHost = { h2: { busybox: true, tmp: { size: '64k', noexec: true } } };
    lab = await labUp({ name: 'test-left-behind', hosts: 2, replace: true, perHost });
  });
  afterAll(() => lab?.down());

  it('outlives a lost connection, on BusyBox too, and is found by the next run', async () => {
    const inventory = inventoryOf(lab, { h1: {}, h2: {} });
    const cut = lab.hosts.map((host) => host.exec(`until [ -e /srv/waits ]; do sleep 0.1; done\n${cutOff}`));
    const [lost] = await Promise.all([play(begin, inventory), ...cut]);
    expect(lost.lines).toEqual([
      'shell h1: changed',
      'shell h2: changed',
      'cut off h1: unreachable',
      'cut off h2: unreachable',
    ]);
    const jobs = lost.results.slice(0, 2).map(({ host, result }) => [host, result.ansible_job_id]);
    const found = await play(ask(Object.fromEntries(jobs)), inventory);
    const [still, ended] = [found.results.slice(0, 2), found.results.slice(-2)];
    expect(still.map(({ result }) => result.finished)).toEqual([false, false]);
    for (const { result } of ended) expect(result).toMatchObject({ finished: true, rc: 0, stdout: 'begun\nmade it' });
  });
});
