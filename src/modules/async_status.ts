import { TaskError } from '../errors/errors.ts';
import { type JobAbout, jobScript, removeJobScript } from './async-job.ts';
import { commandResult } from './command-result.ts';
import type { ApplyContext, HostModule, Result } from './contract.ts';
import type { AsyncStatusArgs } from './generated/async_status.ts';

export const asyncStatus: HostModule<AsyncStatusArgs, undefined> = {
  kind: 'host',
  name: 'async_status',
  fusable: false,
  read: () => ({}),
  parse: () => undefined,
  plan: (_state, _args, { check }) =>
    check
      ? { changes: [], skipped: 'nothing was started in check mode' }
      : { changes: [], result: { changed: false }, applies: true },
  apply: async (_plan, { jid, mode }, context) =>
    mode === 'cleanup' ? await remove(jid, context) : await look(jid, context),
};

async function remove(jid: string, context: ApplyContext): Promise<Result> {
  const { rc, stdout, stderr } = await context.sh(removeJobScript(jid));
  if (rc !== 0) throw new TaskError(`what job ${jid} left cannot be removed: ${stderr.trim()}`);
  return { ansible_job_id: jid, erased: stdout.trim() };
}

async function look(jid: string, context: ApplyContext): Promise<Result> {
  const reply = await context.sh(jobScript(jid));
  const lines = reply.stdout.split('\n');
  const [directory = '', state = '', about = '', rc = '', start = '', end = '', late, size = '0'] = lines;
  const at = { ansible_job_id: jid, results_file: directory, started: true };
  if (state === 'none') {
    throw new TaskError('could not find job', {
      details: { ...at, finished: true },
      hint: 'a job belongs to the host and to the user that it was started on and as',
    });
  }
  if (state === 'lost') {
    throw new TaskError(`job ${jid} ended without a result`, {
      details: { ...at, finished: true },
      hint: 'the host was restarted, or the job was killed',
    });
  }
  if (state !== 'ended') return { ...at, finished: false };
  const output = Buffer.from(lines.slice(8).join('\n'));
  const { cmd, stripEmptyEnds } = JSON.parse(about) as JobAbout;
  const result = commandResult(
    {
      rc: Number(rc),
      stdout: output.subarray(0, Number(size)).toString(),
      stderr: output.subarray(Number(size)).toString(),
    },
    cmd,
    stripEmptyEnds,
    { start: new Date(Number(start) * 1000), end: new Date(Number(end) * 1000) },
  );
  const isLate = late === 'late';
  const whole: Result = { ...result, ...at, finished: true };
  if (whole.rc === 0 && !isLate) return whole;
  const msg = isLate ? `job ${jid} was ended: its time (async) was over` : 'non-zero return code';
  throw new TaskError(msg, { details: { ...whole, msg } });
}
