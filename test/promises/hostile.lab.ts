import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { play } from '../engine/play.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { report } from '../report/events.ts';

/** Titles, clears, moves, 8-bit escapes, reordering, bytes that are no UTF-8, NUL, and a template. */
const EVIL = String.raw`\033]0;t\007\033[2J\033[1;1H\rX\b\302\233 31m\377\303\050\342\200\256 {{ 7*7 }} \000\033P\033\\`;

describeLab('a hostile host (P19)', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await labUp({ name: 'hostile', hosts: 1, replace: true });
  });
  afterAll(() => lab?.down());

  it('neither acts on the terminal nor breaks the JSON, is never rendered, and floods nobody', async () => {
    await lab.host('h1').exec(`printf '${EVIL}' >/srv/evil; mkdir /srv/d; cd /srv/d; touch "$(printf 'a\\033[2Jb')"`);
    const played = await play(
      `
- hosts: all
  tasks:
    - {name: cat, command: cat /srv/evil, register: cat}
    - {name: "named {{ cat.stdout }}", debug: {msg: "{{ cat.stdout }}"}}
    - {name: fails, shell: "cat /srv/evil; cat /srv/evil >&2; false", ignore_errors: true}
    - {name: loops, debug: {var: item}, loop: ["{{ cat.stdout }}"]}
    - {name: names, shell: ls /srv/d, register: names}
    - {name: file, file: {path: "/srv/d/{{ names.stdout }}", mode: "0600"}}
    - {name: back, copy: {dest: /srv/back, content: "{{ cat.stdout }}"}}
    - {name: refuses, fail: {msg: "{{ cat.stdout }}"}, ignore_errors: true}
    - {name: flood, shell: "yes 0123456789 | head -c 50000000", register: flood}
    - {name: cut, assert: {that: flood.stdout | length < 10000000}}
`,
      lab.inventoryFile,
      { diff: true },
    );
    expect(played.exit).toBe(0);
    for (const kind of ['plain', 'ansible', 'json'] as const) {
      const { out, err } = await report(kind, [...played.events]);
      expect((out + err).replace(/[\n\t]/g, '')).not.toMatch(/[\p{Cc}\p{Cs}\u2028-\u202e]/u);
      expect(out).toContain('{{ 7*7 }}');
      expect(out).not.toMatch(/X.{0,40} 49 /);
      if (kind === 'json') for (const line of out.trimEnd().split('\n')) JSON.parse(line);
    }
    expect((await lab.host('h1').exec('stat -c %a /srv/d/*')).stdout).toBe('600\n');
  });
});
