import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AnsibleRenderer } from '../../src/report/ansible.ts';
import type { RunEvent } from '../../src/report/contract.ts';
import type { DifferentialCase } from './case.ts';
import { jsonLines, type Recorded, Recording } from './events.ts';
import { argumentsOf, caseDir, type Sandbox } from './sandbox.ts';

const program = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'main.js');
const stateDir = '/var/lib/rcdeploy';

/** `$1`, `$2` are seen at the case's directory and at the state directory; the rest is the command. */
const script = `mount --bind "$1" ${caseDir} && mount --bind "$2" ${stateDir} && shift 2 && cd ${caseDir} && exec "$@"`;

export async function runRcdeploy(one: DifferentialCase, sandbox: Sandbox): Promise<Recorded> {
  if (!existsSync(program)) throw new Error('dist is missing: npm run build');
  const inside = [
    '-m',
    '--propagation',
    'private',
    'sh',
    '-ec',
    script,
    'sandbox',
    sandbox.dir,
    `${sandbox.notes}/state`,
  ];
  const command = [process.execPath, program, 'run', '--output', 'json', ...argumentsOf(one, sandbox)];
  const { exit, stdout, stderr } = await execute('unshare', [...inside, ...command], join(sandbox.notes, 'home'));
  const events = jsonLines(stdout) as unknown as RunEvent[];
  const recording = recordingOf(events);
  const mistakes = events.flatMap((event) => (event.event === 'diagnostic' ? [JSON.stringify(event)] : []));
  return {
    exit,
    plays: recording.plays,
    recap: recording.recap,
    text: textOf(events),
    metas: [],
    stderr: [stderr, ...mistakes].join('\n'),
  };
}

function execute(
  file: string,
  args: string[],
  home: string,
): Promise<{ exit: number; stdout: string; stderr: string }> {
  const env = { PATH: process.env.PATH, HOME: home, LANG: 'C.UTF-8' };
  return new Promise((resolve) => {
    execFile(file, args, { env, maxBuffer: 64 << 20, timeout: 120_000 }, (error, stdout, stderr) => {
      resolve({ exit: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}

function recordingOf(events: readonly RunEvent[]): Recording {
  const recording = new Recording();
  for (const event of events) {
    if (event.event === 'play_start') recording.play(event.play);
    if (event.event === 'task_start') recording.task(event.id, event.task, event.handler);
    if (event.event === 'result' && event.item === undefined) {
      const { id, host, module, status, result } = event;
      recording.result(id, { host, module, status: shared(status, result), result });
    }
    if (event.event === 'run_end') recording.recap = recapOf(event.stats);
  }
  return recording;
}

/** Ansible's callbacks know no `rescued`, and tell of an unreachable host as such also when that is ignored. */
function shared(status: string, result: Readonly<Record<string, unknown>>): string {
  if (result.unreachable === true) return 'unreachable';
  return status === 'rescued' ? 'failed' : status;
}

/** Ansible counts only hosts on which something came to an end. */
function recapOf(stats: Extract<RunEvent, { event: 'run_end' }>['stats']): Recorded['recap'] {
  return Object.fromEntries(Object.entries(stats).map(([host, one]) => [host, { ...one }]));
}

function textOf(events: readonly RunEvent[]): string {
  const lines: string[] = [];
  const renderer = new AnsibleRenderer({
    out: (line) => lines.push(line),
    err: () => undefined,
    showDiff: false,
    verbosity: 0,
    formatDiagnostic: () => '',
  });
  // Of invalid input nothing but the mistakes is told.
  for (const event of events)
    if (event.event !== 'run_end' || event.exit !== 1) renderer.handle({ ...event, time: '' });
  return lines.join('\n');
}
