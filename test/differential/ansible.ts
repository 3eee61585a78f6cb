import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DifferentialCase } from './case.ts';
import { jsonLines, type Recorded, Recording } from './events.ts';
import { argumentsOf, caseDir, type Sandbox } from './sandbox.ts';

/** Debian's ansible-playbook, kept in one process that forks for each case. */
export class AnsibleServer {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<string, (rc: number) => void>();
  #counter = 0;
  #rest = '';
  #stderr = '';

  constructor(parallel: number, dir: string) {
    const script = join(import.meta.dirname, 'ansible', 'server.py');
    this.#process = spawn('/usr/bin/python3', [script, String(parallel)], { env: environment(dir), cwd: dir });
    this.#process.stdout.setEncoding('utf8').on('data', (chunk: string) => this.#read(chunk));
    this.#process.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.#stderr += chunk;
    });
    this.#process.on('exit', () => {
      for (const resolve of this.#waiting.values()) resolve(-1);
    });
  }

  async run(one: DifferentialCase, sandbox: Sandbox): Promise<Recorded> {
    const id = String(++this.#counter);
    const note = (name: string) => join(sandbox.notes, `${id}.${name}`);
    const job = {
      id,
      mounts: [[sandbox.dir, caseDir]],
      cwd: caseDir,
      args: argumentsOf(one, sandbox),
      stdout: note('out'),
      stderr: note('err'),
      events: note('events'),
    };
    const exit = await new Promise<number>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#process.stdin.write(`${JSON.stringify(job)}\n`);
    });
    if (exit < 0 || exit === 250) throw new Error(`ansible-playbook ended with ${exit}: ${this.#stderr}`);
    const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
    const recording = recordingOf(read(job.events));
    const { plays, recap, metas } = recording;
    return { exit, plays, recap, metas, text: read(job.stdout), stderr: read(job.stderr) };
  }

  async end(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#process.once('exit', () => resolve()));
    this.#process.stdin.end();
    await ended;
  }

  #read(chunk: string): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const { id, rc } = JSON.parse(line) as { id: string; rc: number };
      this.#waiting.get(id)?.(rc);
      this.#waiting.delete(id);
    }
  }
}

function environment(dir: string): NodeJS.ProcessEnv {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: dir,
    LANG: 'C.UTF-8',
    ANSIBLE_CALLBACK_PLUGINS: join(import.meta.dirname, 'ansible', 'callback'),
    ANSIBLE_CALLBACKS_ENABLED: 'record',
    ANSIBLE_NOCOLOR: '1',
    ANSIBLE_PIPELINING: '1',
    ANSIBLE_PYTHON_INTERPRETER: '/usr/bin/python3',
    ANSIBLE_LOCAL_TEMP: join(dir, 'ansible-local'),
    ANSIBLE_ASYNC_DIR: join(dir, 'async'),
    ANSIBLE_SSH_CONTROL_PATH_DIR: join(dir, 'cp'),
    ANSIBLE_LOCALHOST_WARNING: 'False',
    ANSIBLE_DEPRECATION_WARNINGS: 'False',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

function recordingOf(text: string): Recording {
  const recording = new Recording();
  for (const { event, ...rest } of jsonLines(text)) {
    if (event === 'meta') recording.metas.push(String(rest.task));
    if (event === 'play') recording.play(rest.play as unknown as string);
    if (event === 'task') recording.task(String(rest.id), String(rest.task), Boolean(rest.handler));
    if (event === 'result') {
      const { id, host, module, status, result } = rest as Record<string, never>;
      recording.result(String(id), {
        host: String(host),
        module: String(module).replace('ansible.builtin.', ''),
        status: String(status),
        result: result as unknown as Record<string, unknown>,
      });
    }
    if (event === 'stats') {
      recording.recap = Object.fromEntries(
        Object.entries(rest.stats as unknown as Record<string, Record<string, number>>).map(
          ([host, { failures = 0, ...stats }]) => [host, { ...stats, failed: failures }],
        ),
      );
    }
  }
  return recording;
}
