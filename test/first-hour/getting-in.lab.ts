import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { defaults } from '../engine/play.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { sshArgs, told, tryTask } from './hosts.ts';

const whoAmI = '{name: me, command: id -un, become: true, changed_when: false}';
const login = '{name: me, command: id -un, changed_when: false}';

describeLab('getting in', () => {
  let lab: Lab;
  let dir: string;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'rcdeploy-first-hour-'));
    lab = await labUp({
      name: 'test-getting-in',
      hosts: 4,
      replace: true,
      perHost: {
        h1: {
          users: [
            { name: 'deploy', password: 'of h1', sudo: 'password' },
            { name: 'oldhat', sudo: 'requiretty' },
            { name: 'few', password: 'few' },
            { name: 'pseudo', sudo: 'nopasswd' },
          ],
          sudoers: [
            'few ALL=(root) NOPASSWD: /usr/bin/id',
            'Defaults:pseudo use_pty',
            'Defaults logfile=/var/log/sudo.log',
          ],
        },
        h2: {
          users: [{ name: 'deploy', password: 'of "h2"', sudo: 'password', doas: 'nopasswd' }, { name: 'leaver' }],
          root: { password: 'root of h2' },
        },
        h3: { sshd: ['MaxSessions 2'] },
        h4: { sshd: ['AllowTcpForwarding no'] },
      },
    });
  });
  afterAll(async () => {
    rmSync(dir, { recursive: true, force: true });
    await lab?.down();
  });

  describe('as another user', () => {
    it('takes a password of each host, and doas and su', async () => {
      const deploy = { ansible_user: 'deploy' };
      for (const h2 of [
        { ansible_become_password: 'of "h2"' },
        { ansible_become_method: 'doas' },
        { ansible_become_exe: '/usr/bin/sudo', ansible_become_flags: '-nH', ansible_become_password: 'of "h2"' },
        { ansible_become_method: 'su', ansible_become_password: 'root of h2' },
      ]) {
        const hosts = { h1: { ...deploy, ansible_become_password: 'of h1' }, h2: { ...deploy, ...h2 } };
        const played = await tryTask(lab, hosts, whoAmI);
        expect(played.results.map(({ result }) => result.stdout)).toEqual(['root', 'root']);
      }
      const pty = await tryTask(lab, { h1: { ansible_user: 'pseudo' } }, whoAmI);
      expect(pty.results.map(({ result }) => result.stdout)).toEqual(['root']);
    });

    test.each([
      [{ ansible_user: 'deploy' }, /sudo wants a password and none was given.*-K or ansible_become_password/],
      [{ ansible_user: 'deploy', ansible_become_password: 'of h2' }, /sudo did not take the password/],
      [{ ansible_user: 'oldhat' }, /requiretty.*Defaults:oldhat !requiretty/],
      [{ ansible_user: 'few' }, /NOPASSWD for \/bin\/sh \(not only for some commands\)/],
      [{ ansible_user: 'few', ansible_become_password: 'few' }, /not \/bin\/sh.*few ALL=\(root\) \/bin\/sh/],
    ])('%j is told what to do', async (vars, message) => {
      const played = await tryTask(lab, { h1: vars }, whoAmI);
      expect(played.exit).toBe(4);
      expect(told(played)).toMatch(message);
    });
  });

  it('gives a wrong password once, since some hosts lock an account after three', async () => {
    const sudo = 'grep -c "incorrect password attempt" /var/log/sudo.log';
    const ssh = 'grep -c "Failed .* for deploy" /var/log/sshd.log';
    const before = Number((await lab.host('h1').exec(sudo)).stdout);
    await tryTask(lab, { h1: { ansible_user: 'deploy', ansible_become_password: 'wrong' } }, whoAmI);
    expect(Number((await lab.host('h1').exec(sudo)).stdout) - before).toBe(1);
    const vars = { ansible_user: 'deploy', ansible_ssh_private_key_file: '', ansible_password: 'wrong' };
    expect(told(await tryTask(lab, { h1: vars }, whoAmI))).toMatch(/refused to log in deploy: tried .*the password/);
    expect((await lab.host('h1').exec(ssh)).stdout).toBe('1\n');
  });

  describe('accounts', () => {
    it('says what sshd says when it hangs up on an account', async () => {
      const leaver = { h2: { ansible_user: 'leaver' } };
      await lab.host('h2').exec('chage -d 0 leaver');
      expect(told(await tryTask(lab, leaver, login))).toContain('Your password has expired');
      await lab.host('h2').exec('chage -d 20000 -E 1 leaver');
      const expired = await tryTask(lab, leaver, login);
      expect(told(expired)).toMatch(/hung up while leaver logged in.*account has expired/);
      expect(expired.end.duration_ms).toBeLessThan(10_000);
      await lab.host('h2').exec('echo closed until noon >/etc/nologin');
      expect(told(await tryTask(lab, leaver, login))).toContain('closed until noon');
      await lab.host('h2').exec('rm /etc/nologin');
    });

    it('names an agent with too many keys', async () => {
      const socket = join(dir, 'agent');
      const agent = execFileSync('ssh-agent', ['-a', socket], { encoding: 'utf8' });
      const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(agent)?.[1]);
      try {
        for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
          execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(dir, name)]);
          execFileSync('ssh-add', ['-q', join(dir, name)], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
        }
        const vars = {
          ansible_ssh_private_key_file: '',
          ansible_ssh_common_args: `-o UserKnownHostsFile=${lab.knownHostsFile}`,
        };
        const played = await tryTask(lab, { h1: vars }, login, { defaults: { ...defaults, agentSocket: socket } });
        expect(told(played)).toMatch(/Too many authentication failures.*--private-key, or set IdentitiesOnly/);
      } finally {
        process.kill(pid);
      }
    });
  });

  describe('host keys', () => {
    const hosts = (known: string) => {
      const args = `-o UserKnownHostsFile=${known} -o GlobalKnownHostsFile=none`;
      return { h1: { ansible_ssh_common_args: args }, h2: { ansible_ssh_common_args: args } };
    };

    it('refuses new ones with what to do, accepts them aloud, and knows them from then on', async () => {
      const known = join(dir, 'known_hosts');
      const refused = await tryTask(lab, hosts(known), login);
      expect(refused.exit).toBe(4);
      expect(told(refused).match(/is unknown: ssh-ed25519 SHA256:.*rcdeploy hostkeys scan/g)).toHaveLength(2);
      const accepted = await tryTask(lab, hosts(known), login, { acceptNewHostKeys: true });
      expect(accepted.exit).toBe(0);
      expect(told(accepted).match(/accepted the unknown host key/g)).toHaveLength(2);
      expect((await tryTask(lab, hosts(known), login)).exit).toBe(0);
    });

    it('names certificates of hosts and of users, and FIDO keys', async () => {
      const make = (...args: string[]) => execFileSync('ssh-keygen', ['-q', ...args], { cwd: dir });
      make('-t', 'ed25519', '-N', '', '-f', 'ca');
      make('-t', 'ed25519', '-N', '', '-f', 'signed');
      make('-s', 'ca', '-I', 'me', '-n', 'root', 'signed.pub');
      const user = await tryTask(lab, { h1: { ansible_ssh_private_key_file: join(dir, 'signed') } }, login);
      expect(told(user)).toMatch(/certificate \S+signed-cert.pub was not used/);
      const fido = join(dir, 'fido');
      const body = Buffer.from('openssh-key-v1\0....sk-ssh-ed25519@openssh.com').toString('base64');
      writeFileSync(fido, `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----\n`);
      expect(told(await tryTask(lab, { h1: { ansible_ssh_private_key_file: fido } }, login))).toContain(
        'fido is a FIDO security key, which is not supported',
      );
      const known = join(dir, 'known_ca');
      writeFileSync(known, `@cert-authority ${lab.subnet}.* ${readFileSync(join(dir, 'ca.pub'))}`);
      expect(told(await tryTask(lab, hosts(known), login))).toMatch(/@cert-authority.*Approve its plain key/);
    });
  });

  describe('the way there', () => {
    const user = 'root';
    const at = (name: string) => lab.host(name).address;

    it('takes a bastion with MaxSessions 2 for many hosts', async () => {
      const through = { ansible_ssh_common_args: sshArgs(lab, `-o ProxyJump=${user}@${at('h3')}`) };
      const played = await tryTask(
        lab,
        { h1: through, h2: through, h4: through },
        '{copy: {dest: /root/x, content: x}}',
      );
      expect(played.exit).toBe(0);
      const closed = { ansible_ssh_common_args: sshArgs(lab, `-J ${user}@${at('h4')}`) };
      expect(told(await tryTask(lab, { h1: closed }, login))).toContain('AllowTcpForwarding');
    });

    it("takes Ansible's way of writing a ProxyCommand", async () => {
      const ssh = `ssh -i ${lab.keyFile} ${sshArgs(lab)} -o BatchMode=yes -W %h:%p -q`;
      const through = (command: string) => ({
        ansible_ssh_common_args: sshArgs(lab, `-o ProxyCommand="${command}"`),
      });
      const played = await tryTask(lab, { h1: through(`${ssh} ${user}@${at('h3')}`) }, login);
      expect(played.lines).toEqual(['me h1: ok']);
      const none = await tryTask(lab, { h1: through(`${ssh} nobody9@${at('h3')}`), h2: {} }, login);
      expect(none.lines).toEqual(['me h1: unreachable', 'me h2: ok']);
      expect(told(none)).toMatch(/The ProxyCommand ended \(exit status 255\) before sshd answered/);
    });

    it('fails the one host whose connection variables make no sense', async () => {
      const played = await tryTask(lab, { h1: { ansible_ssh_common_args: '-q' }, h2: {} }, whoAmI);
      expect(told(played)).toMatch(/h1 (failed|unreachable): ssh argument '-q' cannot be honoured/);
      expect(played.lines).toContain('me h2: ok');
    });

    it('names a host that says nothing, a name without address, and a closed port; the others go on', async () => {
      const silent = createServer(() => undefined).listen(0, '127.0.0.1');
      await new Promise((resolve) => silent.once('listening', resolve));
      const hosts = {
        h1: {},
        mute: { ansible_host: '127.0.0.1', ansible_port: (silent.address() as AddressInfo).port },
        nameless: { ansible_host: 'nameless.invalid' },
        closed: { ansible_host: at('h2'), ansible_port: 2 },
      };
      const played = await tryTask(lab, hosts, login, { defaults: { ...defaults, connectTimeoutMs: 500 } });
      silent.close();
      expect(played.exit).toBe(4);
      expect(played.lines).toContain('me h1: ok');
      const messages = told(played);
      expect(messages).toMatch(/mute unreachable: The host took the connection, but sshd did not finish the login/);
      expect(messages).toMatch(/nameless unreachable: The name nameless.invalid has no address.*ansible_host/);
      expect(messages).toMatch(/closed unreachable: Nothing listens on .*:2 .*ansible_port/);
    });
  });
});
