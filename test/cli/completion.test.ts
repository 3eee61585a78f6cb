import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { directoryOf, rcdeploy } from './program.ts';

const hasShell = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;
const dir = directoryOf({ 'my hosts.yml': '', 'my site.yml': '' });

beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish'])
    writeFileSync(join(dir, shell), (await rcdeploy('completion', shell)).out);
});

function answer(shell: string, args: readonly string[], line: string): string[] {
  const { stdout, stderr, status } = spawnSync(shell, args, {
    cwd: dir,
    input: line,
    encoding: 'utf8',
    timeout: 50_000,
  });
  if (status !== 0 || stderr !== '') throw new Error(`${shell}: ${status} ${stderr}`);
  return stdout.split(/\r?\n/).filter((one) => one !== '');
}

/** What readline would ask: the line as words, parted at `=` too. */
const askBash = (line: string) =>
  answer(
    'bash',
    [
      '--norc',
      '-c',
      `. ./bash; IFS= read -r line; COMP_WORDS=(); COMP_LINE=$line
       while IFS= read -r word; do COMP_WORDS+=("$word"); done < <(sed 's/=/\\n=\\n/g; s/ /\\n/g' <<<"$line")
       COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _rcdeploy 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`,
    ],
    `${line}\n`,
  );

const askFish = (line: string) =>
  answer('fish', ['--no-config', '-c', `source ./fish; complete -C '${line}'`], '').map(
    (one) => one.split('\t')[0] ?? '',
  );

/** zsh completes in its line editor only: one on a terminal of its own is asked, whose `compadd` also says what it was given. */
const zshScript = `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1= PS2=; autoload -Uz compinit; compinit -u -d ./zcompdump; source ./zsh'
zpty -w z 'compadd() { if (( \${@[(I)-[OAD]]} )); then builtin compadd "$@"; return; fi; local -a hits; builtin compadd -A hits "$@"; (( $#hits )) && print -rl -- FOUND:\${^hits}; builtin compadd "$@"; }'
zpty -w z 'ask() { zle list-choices; print DO""NE }; zle -N ask; bindkey "^I" ask'
zpty -w z 'setopt no_list_beep; LISTMAX=100000; print REA""DY'
zpty -r z out '*READY*'
zpty -n -w z "$1"$'\\t'
zpty -r z out '*DONE*'
print -r -- "$out"
zpty -d z
`;

function askZsh(line: string): string[] {
  const said = answer('zsh', ['-f', '-c', zshScript, 'zsh', line], '');
  return said.flatMap((one) => /FOUND:(.*)/.exec(one)?.[1] ?? []);
}

describe.each([
  ['bash', askBash],
  ['fish', askFish],
  ['zsh', askZsh],
])('completion in %s', (shell, ask) => {
  describe.skipIf(!hasShell(shell))('asked of the shell itself', () => {
    it.each<[string, string[]]>([
      ['rcdeploy va', ['validate', 'vars', 'vault']],
      ['rcdeploy cluster st', ['status']],
      ['rcdeploy vault encrypt-', ['encrypt-string']],
      ['rcdeploy doc lineinf', ['lineinfile']],
      ['rcdeploy completion z', ['zsh']],
      ['rcdeploy run --outp', ['--output']],
      ['rcdeploy run --output pl', ['plain']],
      ['rcdeploy run site.yml --become-method su', ['sudo', 'su']],
      ['rcdeploy plan --detailed', ['--detailed-exitcode']],
      ['rcdeploy cluster status --output prom', ['prometheus']],
      ['rcdeploy run stand', ['standalone.yml']],
    ])('%s', (line, expected) => {
      expect(new Set(ask(line))).toEqual(new Set(expected));
    });
  });
});

describe.skipIf(!hasShell('bash'))('completion in bash', () => {
  it('offers files where files may stand, names with spaces whole, and runs nothing that was typed', () => {
    expect(askBash('rcdeploy run my')).toEqual(['my hosts.yml', 'my site.yml']);
    expect(askBash('rcdeploy run -i my')).toEqual(['my hosts.yml', 'my site.yml']);
    expect(askBash('rcdeploy run --user my')).toEqual([]);
    expect(askBash('rcdeploy run --output=js')).toEqual(['json']);
    expect(askBash('rcdeploy run $(touch,ran) my')).toEqual(['my hosts.yml', 'my site.yml']);
  });
});

it('every option that is not refused is known to completion', async () => {
  const { out } = await rcdeploy('completion', 'bash');
  const { out: help } = await rcdeploy('run', '--help');
  const shown = [...help.matchAll(/(?<=^\s+(?:-\w, )?)--[\w-]+/gm)].map(([option]) => option);
  expect(shown.length).toBeGreaterThan(25);
  const known = new Set(/' run'\) flags='([^']*)'/.exec(out)?.[1]?.split(' '));
  expect(shown.filter((option) => !known.has(option))).toEqual([]);
  expect([...known]).not.toContain('--flush-cache');
});

it('an unknown shell is refused', async () => {
  expect(await rcdeploy('completion', 'csh')).toMatchObject({
    exit: 1,
    err: expect.stringContaining('bash, zsh, fish'),
  });
});
