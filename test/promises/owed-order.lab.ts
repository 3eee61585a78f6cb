import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { play } from '../engine/play.ts';
import { describeLab } from '../lab/describe-lab.ts';

describeLab('a handler that an earlier run owes (P1, P3)', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await labUp({ name: 'owedorder', hosts: 1, replace: true });
  });
  afterAll(() => lab?.down());

  it('runs once, after the tasks: before them the host may be half done, and its restart would fail for ever', async () => {
    const text = (gate: string) => `
- hosts: all
  gather_facts: false
  tasks:
    - {name: first half, copy: {dest: /srv/a, content: a}, notify: restart}
    - {name: gate, command: ${gate}, changed_when: false}
    - {name: second half, copy: {dest: /srv/b, content: b}, notify: restart}
  handlers:
    - {name: restart, shell: test -e /srv/a && test -e /srv/b && echo restarted >>/srv/restarts}
`;
    expect((await play(text('/bin/false'), lab.inventoryFile)).exit).toBe(2);
    const again = await play(text('/bin/true'), lab.inventoryFile);
    expect(again.exit).toBe(0);
    expect(again.end.owed).toEqual([]);
    expect((await lab.host('h1').exec('cat /srv/restarts')).stdout).toBe('restarted\n');
  });
});
