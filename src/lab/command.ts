import { spawn } from 'node:child_process';
import { type ExecResult, LabError } from './contract.ts';

/** Administrative programs may be missing from a user's PATH (`su` without a dash). */
export const ADMIN_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

interface CommandOptions {
  readonly stdin?: string | undefined;
  readonly timeoutMs?: number | undefined;
}

/** Run a program of this machine and give back what it said, whatever its exit status. */
export function tryCommand(argv: readonly string[], options: CommandOptions = {}): Promise<ExecResult> {
  const [program = '', ...rest] = argv;
  return new Promise((resolve, reject) => {
    const timeout = options.timeoutMs ?? 60_000;
    const child = spawn(program, rest, { env: { PATH: ADMIN_PATH, LC_ALL: 'C' }, timeout, killSignal: 'SIGKILL' });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', (error) => reject(new LabError(`cannot run ${program}: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (signal) stderr += `\n${program} ended by ${signal} (limit ${timeout} ms)`;
      resolve({ rc: code ?? 128, stdout, stderr });
    });
    // A program that ends before it read its stdin is judged by its exit status.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin ?? '');
  });
}

/** Run a program of this machine; fails with what it said on stderr. */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await tryCommand(argv, options);
  if (result.rc !== 0) throw new LabError(`${argv.join(' ')}: exit ${result.rc}: ${result.stderr.trim()}`);
  return result.stdout;
}
