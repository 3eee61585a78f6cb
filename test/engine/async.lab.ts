import { readdirSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { describeLab } from '../lab/describe-lab.ts';
import { flow } from './flow.ts';

const head = '- hosts: h1\n  gather_facts: false\n  tasks:\n';
const jobs = join(homedir(), '.rcdeploy_async');

/** Looks until the job has ended, whatever came of it. */
const wait = `    - async_status: {jid: "{{ job.ansible_job_id }}"}
      register: done
      until: done.finished
      retries: 120
      delay: 0.5
      ignore_errors: true
`;

describeLab('commands that are left behind', () => {
  afterAll(() => rmSync(jobs, { recursive: true, force: true }));

  const really = async (tasks: string) => (await flow(head + tasks, {}, { check: false })).results;

  it('are not waited for, and give their result when they are asked after', async () => {
    const gate = join(homedir(), `.rcdeploy-gate-${process.pid}`);
    const results =
      await really(`    - shell: 'read line; until [ -e ${gate} ]; do sleep 0.1; done; echo "$line"; echo oops >&2; rm ${gate}'
      args: {stdin: "given", chdir: /tmp}
      environment: {A: b}
      async: 100
      poll: 0
      register: job
    - {name: not yet, async_status: {jid: "{{ job.ansible_job_id }}"}}
    - {command: touch ${gate}}
${wait}    - {name: cleanup, async_status: {jid: "{{ job.ansible_job_id }}", mode: cleanup}}
    - {name: gone, async_status: {jid: "{{ job.ansible_job_id }}"}, ignore_errors: true}
`);
    const [started, notYet] = results;
    expect(started).toMatchObject({ status: 'changed', result: { started: true, finished: false } });
    expect(notYet).toMatchObject({ status: 'ok', result: { finished: false } });
    const [ended, cleanup, gone] = results.slice(-3);
    expect(ended?.result).toMatchObject({ finished: true, rc: 0, stdout: 'given', stderr: 'oops', changed: true });
    expect(cleanup?.status).toBe('ok');
    expect(gone?.result).toMatchObject({ failed: true, msg: 'could not find job' });
    expect(readdirSync(jobs)).toEqual([]);
  });

  it('fail when they are asked after, with all they said', async () => {
    const results = await really(
      `    - {command: 'sh -c "echo out; exit 3"', async: 100, poll: 0, register: job}\n${wait}`,
    );
    expect(results.at(-1)).toMatchObject({ status: 'ignored', result: { finished: true, rc: 3, stdout: 'out' } });
  });

  it('are ended when their time is over', async () => {
    const results = await really(`    - {command: sleep 1000, async: 1, poll: 0, register: job}\n${wait}`);
    expect(results.at(-1)?.result).toMatchObject({
      failed: true,
      msg: expect.stringMatching(/its time \(async\) was over/),
    });
  });

  it('are not started in check mode, and what asks after them says so', async () => {
    const { results } = await flow(`${head}    - {command: sleep 1000, async: 9, poll: 0, register: job}\n${wait}`);
    expect(results.map(({ status, result }) => [status, result.unknown])).toEqual([
      ['skipped', undefined],
      ['ok', true],
    ]);
  });
});
