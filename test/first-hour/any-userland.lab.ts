import { afterAll, beforeAll, expect, it } from 'vitest';
import type { HostOptions, Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { directoryWith, play } from '../engine/play.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { inventoryOf, told } from './hosts.ts';

const deploy = { name: 'deploy', password: 'pass', sudo: 'password' } as const;

/** A host for each way in which hosts differ from the one that a developer has. */
const kinds: Readonly<Record<string, { options: HostOptions; vars?: Record<string, unknown> }>> = {
  'a plain host': { options: {} },
  'a Chinese locale': { options: { lang: 'zh_CN.UTF-8' } },
  'umask 077 and a noisy profile': {
    options: { root: { shell: 'bash', profile: 'umask 077; echo banner; echo warning >&2; cd /tmp' } },
  },
  'a full noexec /tmp': { options: { tmp: { size: '64k', noexec: true } } },
  fish: { options: { root: { shell: 'fish', profile: 'echo fish banner' } } },
  'tcsh with umask 077': { options: { root: { shell: 'tcsh', profile: 'echo tcsh banner; umask 077' } } },
  BusyBox: { options: { busybox: true } },
  'MaxSessions 1': { options: { sshd: ['MaxSessions 1'] } },
  'no sftp, and sudo with use_pty from fish': {
    options: { sftp: false, users: [{ ...deploy, shell: 'fish', profile: 'echo hi' }], sudoers: ['Defaults use_pty'] },
    vars: { ansible_user: 'deploy', ansible_become: true, ansible_become_password: 'pass' },
  },
};

const tasks = `
- hosts: all
  tasks:
    - {name: directory, file: {path: /srv/any, state: directory, mode: "0750"}}
    - {name: copied, copy: {src: big, dest: /srv/any/big, mode: "0640"}}
    - {name: rendered, template: {src: t.j2, dest: "/srv/any/t é", mode: "0644"}}
    - {name: user, user: {name: any, system: true, home: /srv/any, create_home: false, shell: /bin/false}}
    - {name: owned, file: {path: /srv/any/big, owner: any}}
    - {name: command, command: touch /srv/any/made, args: {creates: /srv/any/made}}
    - {name: stat, stat: {path: /srv/any/made}, register: made}
    - {name: mode, assert: {that: [made.stat.mode == '0644', made.stat.size == 0]}}
    - {name: missing, command: ls /none, changed_when: false, failed_when: "'No such file' not in missing.stderr", register: missing}
    - {name: words, shell: "printf '%s|' a 'b c' \\"$HOME\\"; umask", changed_when: false}
`;

describeLab('any userland', () => {
  let lab: Lab;
  const names = Object.keys(kinds);
  beforeAll(async () => {
    const perHost = Object.fromEntries(names.map((kind, index) => [`h${index + 1}`, kinds[kind]?.options ?? {}]));
    lab = await labUp({ name: 'test-userlands', hosts: names.length, replace: true, perHost });
    const full = lab.host(`h${names.indexOf('a full noexec /tmp') + 1}`);
    expect((await full.exec('dd if=/dev/zero of=/tmp/fill; echo x >/tmp/x')).stderr).toContain('No space left');
  });
  afterAll(() => lab?.down());

  it('gives the same results everywhere, and changes nothing the second time', async () => {
    const dir = directoryWith({
      'play.yml': tasks,
      'files/big': 'rcdeploy\n'.repeat(40_000),
      'templates/t.j2': '你好 {{ ansible_facts.kernel | length > 0 }} "quoted" $HOME `id`\n',
    });
    const hosts = Object.fromEntries(names.map((kind, index) => [`h${index + 1}`, kinds[kind]?.vars ?? {}]));
    const inventory = inventoryOf(lab, hosts);
    const first = await play(`${dir}/play.yml`, inventory);
    expect(told(first)).not.toMatch(/^h\d (failed|unreachable)/m);
    expect(first.exit).toBe(0);
    const outcomes = new Map(lab.hosts.map(({ name }) => [name, outcomeOf(first.results, name)]));
    expect(outcomes.get('h1')).toContain('words ok a|b c|/root|0022');
    for (const [index, kind] of names.entries()) {
      expect({ kind, outcome: outcomes.get(`h${index + 1}`) }).toEqual({ kind, outcome: outcomes.get('h1') });
    }
    const sums = 'cd /srv/any && cksum big "t é" && stat -c "%a %U %s" big "t é" made .';
    const files = await Promise.all(lab.hosts.map(async (host) => (await host.exec(sums)).stdout));
    expect(new Set(files.map((text) => text.replace(/ \d+\n$/, '')))).toHaveLength(1);

    const second = await play(`${dir}/play.yml`, inventory);
    expect(second.exit).toBe(0);
    expect(second.lines.filter((line) => line.endsWith(': changed'))).toEqual([]);
  });
});

type Results = Awaited<ReturnType<typeof play>>['results'];

/** Task, status and what a command wrote, of one host. */
function outcomeOf(results: Results, host: string): string[] {
  const mine = results.filter((event) => event.host === host && event.module !== 'setup');
  return mine.map(({ task, status, result }) => `${task} ${status} ${task === 'missing' ? '' : (result.stdout ?? '')}`);
}
