import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { directoryOf, rcdeploy } from './program.ts';

const secretText = 'correct horse battery staple';
const directory = directoryOf({ one: 'first password\n', two: 'second password\n' });
const path = (name: string) => join(directory, name);
const write = (name: string, text: string) => {
  writeFileSync(path(name), text);
  return path(name);
};
const ansible = (command: string, ...args: string[]) =>
  execFileSync(command, args, {
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('vault files, with the real ansible-vault', () => {
  it('what we encrypt it decrypts, with and without an id', async () => {
    const file = write('ours.yml', `a: ${secretText}\n`);
    chmodSync(file, 0o640);
    expect(await rcdeploy('vault', 'encrypt', '--vault-password-file', path('one'), file)).toMatchObject({
      exit: 0,
      err: '',
    });
    expect(readFileSync(file, 'utf8')).toMatch(/^\$ANSIBLE_VAULT;1\.1;AES256\n/);
    expect((statSync(file).mode & 0o777).toString(8)).toBe('640');
    expect(ansible('ansible-vault', 'view', '--vault-password-file', path('one'), file)).toBe(`a: ${secretText}\n`);
    const [one, two] = [`dev@${path('one')}`, `prod@${path('two')}`];
    expect(await rcdeploy('vault', 'rekey', '--vault-id', one, '--new-vault-id', two, file)).toMatchObject({ exit: 0 });
    expect(readFileSync(file, 'utf8')).toMatch(/^\$ANSIBLE_VAULT;1\.2;AES256;prod\n/);
    expect(ansible('ansible-vault', 'view', '--vault-id', two, file)).toBe(`a: ${secretText}\n`);
  });

  it('what it encrypts we view, decrypt and rekey', async () => {
    const file = write('theirs.yml', `a: ${secretText}\n`);
    ansible('ansible-vault', 'encrypt', '--vault-id', `dev@${path('one')}`, file);
    const flags = ['--vault-id', `other@${path('two')}`, '--vault-id', `dev@${path('one')}`];
    expect((await rcdeploy('vault', 'view', ...flags, file)).out).toBe(`a: ${secretText}\n`);
    const wrong = await rcdeploy('vault', 'view', '--vault-password-file', path('two'), file);
    expect(wrong).toMatchObject({ exit: 1, out: '' });
    expect(wrong.err).toContain("(default) opens this vault with the vault id 'dev': the password is wrong");
    expect(await rcdeploy('vault', 'decrypt', ...flags, file)).toMatchObject({ exit: 0 });
    expect(readFileSync(file, 'utf8')).toBe(`a: ${secretText}\n`);
    expect((await rcdeploy('vault', 'decrypt', ...flags, file)).err).toContain('is not vault encrypted data');
  });

  it('programs give passwords, and are told the id when they ask for it', async () => {
    const program = write('ask-client.sh', '#!/bin/sh\n[ "$1 $2" = "--vault-id dev" ] && echo "first password"\n');
    chmodSync(program, 0o700);
    const file = write('asked.yml', 'x: 1\n');
    expect(await rcdeploy('vault', 'encrypt', '--vault-id', `dev@${program}`, file)).toMatchObject({ exit: 0 });
    expect(ansible('ansible-vault', 'view', '--vault-id', `dev@${program}`, file)).toBe('x: 1\n');
    const failing = await rcdeploy('vault', 'view', '--vault-password-file', program, file);
    expect([failing.exit, failing.err]).toEqual([1, expect.stringContaining('no vault password from')]);
  });

  it('edits in memory and leaves nothing behind', async () => {
    const file = write('edited.yml', 'old: 1\n');
    await rcdeploy('vault', 'encrypt', '--vault-id', `dev@${path('one')}`, file);
    const editor = write(
      'editor.sh',
      `#!/bin/sh\nstat -f -c %T "$1" >${path('where')}; stat -c %a "$1" >>${path('where')}\necho 'new: 2' >>"$1"; cp "$1" "$1~"\n`,
    );
    chmodSync(editor, 0o700);
    const leftovers = () =>
      ['/dev/shm', '/run'].flatMap((place) => readdirSync(place).filter((name) => name.startsWith('rcdeploy-vault')));
    const before = leftovers();
    process.env.EDITOR = editor;
    delete process.env.VISUAL;
    expect(await rcdeploy('vault', 'edit', '--vault-id', `dev@${path('one')}`, file)).toMatchObject({ exit: 0 });
    expect(readFileSync(path('where'), 'utf8')).toBe('tmpfs\n600\n');
    expect(ansible('ansible-vault', 'view', '--vault-id', `dev@${path('one')}`, file)).toBe('old: 1\nnew: 2\n');
    const sealed = readFileSync(file, 'utf8');
    process.env.EDITOR = 'false';
    expect(await rcdeploy('vault', 'edit', '--vault-id', `dev@${path('one')}`, file)).toMatchObject({ exit: 1 });
    expect(readFileSync(file, 'utf8')).toBe(sealed);
    process.env.EDITOR = 'true';
    expect((await rcdeploy('vault', 'edit', '--vault-id', `dev@${path('one')}`, file)).err).toContain('left as it was');
    expect(readFileSync(file, 'utf8')).toBe(sealed);
    expect(leftovers()).toEqual(before);
  });
});

/** Both programs run it on this machine; what each made of the secret stands in files. */
const playbook = `- hosts: all
  gather_facts: false
  vars_files: [secrets.yml]
  tasks:
    - name: use
      copy: { dest: "{{ out }}/used", content: "{{ inline }}|{{ whole }}|{{ grouped }}|{{ nested.deep }}" }
    - name: file
      copy: { src: sealed.txt, dest: "{{ out }}/copied" }
    - name: sealed
      copy: { src: sealed.txt, dest: "{{ out }}/sealed", decrypt: false }
    - name: template
      template: { src: sealed.j2, dest: "{{ out }}/rendered" }
    - name: look
      copy: { dest: "{{ out }}/looked", content: "{{ lookup('file', 'sealed.txt') }}|{{ lookup('unvault', 'sealed.txt') | trim }}" }
    - name: show
      debug: { var: inline }
`;

describe('playbooks with vaults', () => {
  const secrets = {
    inline: 'in {{ line }} s3cret',
    whole: 'whole-file s3cret',
    grouped: 'group-vars s3cret',
    file: 'file s3cret',
  };
  const dir = directoryOf({ hosts: 'h1 ansible_connection=local\n', 'play.yml': playbook });
  const at = (name: string) => join(dir, name);
  const flags = ['--vault-id', `dev@${path('one')}`, '--vault-password-file', path('two')];
  mkdirSync(at('group_vars'));
  writeFileSync(at('secrets.yml'), `whole: "${secrets.whole}"\nnested: { deep: "{{ whole }}!" }\n`);
  const inline = ansible(
    'ansible-vault',
    'encrypt_string',
    '--vault-password-file',
    path('two'),
    '--name',
    'grouped',
    secrets.grouped,
  );
  writeFileSync(at('sealed.txt'), `${secrets.file}\n`);
  writeFileSync(at('sealed.j2'), `t={{ whole }} ${secrets.file}\n`);
  ansible(
    'ansible-vault',
    'encrypt',
    '--vault-id',
    `dev@${path('one')}`,
    at('secrets.yml'),
    at('sealed.txt'),
    at('sealed.j2'),
  );

  it('mean the same to ansible-playbook and to rcdeploy, and show nothing', async () => {
    const own = await rcdeploy(
      'vault',
      'encrypt-string',
      '--vault-id',
      `dev@${path('one')}`,
      '-n',
      'inline',
      secrets.inline,
    );
    expect(own.out).toMatch(/^inline: !vault \|\n {10}\$ANSIBLE_VAULT;1\.2;AES256;dev\n/);
    writeFileSync(at('group_vars/all.yml'), `${inline}\n${own.out}`);
    for (const name of ['ours', 'theirs']) mkdirSync(at(name));
    ansible('ansible-playbook', '-i', at('hosts'), ...flags, '-e', `out=${at('theirs')}`, at('play.yml'));
    const ours = await rcdeploy(
      'run',
      at('play.yml'),
      '-i',
      at('hosts'),
      ...flags,
      '-e',
      `out=${at('ours')}`,
      '--diff',
      '-vvv',
      // This machine itself is the host, and another test may be at work on it.
      '--lock-wait',
      '120',
    );
    expect(ours.exit, ours.err + ours.out).toBe(0);
    for (const name of ['used', 'copied', 'sealed', 'rendered', 'looked'])
      expect([name, readFileSync(at(`ours/${name}`), 'utf8')]).toEqual([
        name,
        readFileSync(at(`theirs/${name}`), 'utf8'),
      ]);
    expect(readFileSync(at('ours/used'), 'utf8')).toContain(secrets.inline);
    const json = await rcdeploy(
      'run',
      at('play.yml'),
      '-i',
      at('hosts'),
      ...flags,
      '-e',
      `out=${at('json')}`,
      '--check',
      '--diff',
      '--output',
      'json',
    );
    const vars = await rcdeploy('vars', 'h1', '-i', at('hosts'), ...flags);
    for (const secret of Object.values(secrets))
      for (const said of [ours, json, vars]) expect(said.out + said.err).not.toContain(secret);
    expect(vars.out).toContain('inline: ********');
  });

  it('name the place of what cannot be opened, before anything is contacted', async () => {
    const none = await rcdeploy('validate', at('play.yml'), '-i', at('hosts'));
    expect(none.exit).toBe(1);
    expect(none.err).toMatch(
      /group_vars\/all\.yml:1:10: error\[[a-z-]+\]: this is encrypted, and no vault password was given/,
    );
    expect(none.err).toMatch(/secrets\.yml:1:1: error\[vault\]: this is encrypted with the vault id 'dev'/);
    const wrong = await rcdeploy('validate', at('play.yml'), '-i', at('hosts'), '--vault-password-file', path('two'));
    expect(wrong.err).toMatch(
      /secrets\.yml:1:1: error\[vault\]: no password that was given \(default\) opens this vault/,
    );
    writeFileSync(at('bad.yml'), 'whole: "s3cret-one"\nwhole: "s3cret-two"\n');
    await rcdeploy('vault', 'encrypt', '--vault-id', `dev@${path('one')}`, at('bad.yml'));
    const bad = await rcdeploy('validate', at('play.yml'), '-i', at('hosts'), ...flags, '-e', `@${at('bad.yml')}`);
    expect(bad.err).toContain("bad.yml:2:1: error[duplicate-key]: the key 'whole' stands here twice");
    expect(bad.err).not.toContain('s3cret');
  });
});
