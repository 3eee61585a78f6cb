import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { labUp } from '../../src/lab/lab.ts';
import { type Played, play } from '../engine/play.ts';
import { describeLab } from '../lab/describe-lab.ts';
import { report } from '../report/events.ts';

describeLab('the end of a run names every host that is not done (P10)', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await labUp({ name: 'named', hosts: 4, replace: true });
  });
  afterAll(() => lab?.down());

  const run = (head: string, more = '') =>
    play(
      `
- hosts: redis
  gather_facts: false
  ${head}
  tasks:
    - command: "{{ 'false' if inventory_hostname == 'h2' else 'true' }}"
    - ping:
${more}`,
      lab.inventoryFile,
    );
  const said = async ({ events }: Played) => (await report('plain', [...events])).out;

  it('in a play whose failure ends the others', async () => {
    const played = await run('any_errors_fatal: true');
    expect(played.exit).toBe(2);
    expect(played.end.not_finished).toEqual(['h1', 'h3', 'h4']);
    expect(await said(played)).toMatch(/failed: h2\n {2}not finished: h1 h3 h4\n/);
  });

  it('in batches and plays that never began, and not those that are done', async () => {
    const played = await run('serial: 1', '- hosts: h1,h4\n  gather_facts: false\n  tasks: [ping: ]\n');
    expect(played.end.not_finished).toEqual(['h3', 'h4', 'h1']);
    const alone = await run('serial: 1');
    expect(alone.end.not_finished).toEqual(['h3', 'h4']);
  });

  it('and nobody when each host came to its own end', async () => {
    expect((await run('order: inventory')).end.not_finished).toEqual([]);
  });
});
