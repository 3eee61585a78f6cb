import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { InterruptedError, TaskError, UnreachableError } from '../../src/errors/errors.ts';
import type { Channel } from '../../src/transport/channel.ts';
import { shellWords } from '../../src/transport/loop.ts';
import { Session } from '../../src/transport/session.ts';

const shells = ['/bin/dash', '/bin/bash --posix', '/usr/bin/busybox sh'].filter(
  (shell) => spawnSync(shell.split(' ')[0] ?? '', ['-c', ':']).error === undefined,
);

/** The session's shell as a child of the test; `kill` ends it the hard way, `hangUp` closes its stdin as a dead peer does. */
function open(shell: string): { channel: Channel; pid: number } {
  const [file = '', ...args] = [...shell.split(' '), ...shellWords.slice(1)];
  const child = spawn(file, args, { detached: true, stdio: 'pipe' });
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit status ${code}`));
  });
  const destroy = () => {
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
  };
  const { stdin, stdout, stderr, pid = -1 } = child;
  return { channel: { stdin, stdout, stderr, ended, destroy }, pid };
}

function living(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); turn++) {
    expect(turn, 'waited for 10 s').toBeLessThan(500);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('there is a shell to try', () => {
  expect(shells.length).toBeGreaterThan(0);
});

describe.each(shells)('session in %s', (shell) => {
  const sessions: Session[] = [];
  const start = () => {
    const { channel, pid } = open(shell);
    const session = new Session('h1', channel, 'here');
    sessions.push(session);
    return { session, channel, pid };
  };
  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((session) => session.close()));
  });

  test('gives status, stdout and stderr apart, whatever the script prints', async () => {
    const { session } = start();
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
        fc.integer({ min: 0, max: 255 }),
        async (text, rc) => {
          const script = `cat; printf 'e\\n\\n' >&2; exit ${rc}`;
          const reply = await session.run(script, { stdin: Buffer.from(text) });
          expect(reply).toEqual({ rc, stdout: text, stderr: 'e\n\n' });
        },
      ),
      { numRuns: 25 },
    );
  });

  test('scripts have no stdin, a C locale, umask 022 and an intact SIGPIPE', async () => {
    const { session } = start();
    const reply = await session.run('cat; echo $LC_ALL; umask; yes | head -n 1');
    expect(reply).toEqual({ rc: 0, stdout: 'C\n0022\ny\n', stderr: '' });
  });

  test('a syntax error or an exit in a script leaves the session whole', async () => {
    const { session } = start();
    expect((await session.run('if')).rc).not.toBe(0);
    expect((await session.run("echo '")).rc).not.toBe(0);
    expect((await session.run('exit 7')).rc).toBe(7);
    expect((await session.run('kill -9 $$')).rc).toBe(137);
    expect((await session.run('echo still here')).stdout).toBe('still here\n');
  });

  test('long scripts and large stdin arrive whole', async () => {
    const { session } = start();
    const long = `: ${'x'.repeat(300_000)}\necho $((40 + 2))`;
    expect((await session.run(long)).stdout).toBe('42\n');
    const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 7919) % 256));
    for (const stdin of [bytes, randomBytes(400_000)]) {
      const reply = await session.run('sha256sum', { stdin });
      expect(reply.stdout.slice(0, 64)).toBe(createHash('sha256').update(stdin).digest('hex'));
    }
  });

  test.each([Buffer.alloc(5_000_000), randomBytes(5_000_000)])('a script may leave its stdin unread', async (stdin) => {
    const { session } = start();
    await session.ready();
    expect(await session.run('exit 4', { stdin })).toEqual({ rc: 4, stdout: '', stderr: '' });
    expect((await session.run('head -c 2 | wc -c', { stdin })).stdout.trim()).toBe('2');
    expect((await session.run('echo next')).stdout).toBe('next\n');
  });

  test('script text, environment and stdin are not in any argv', async () => {
    const { session } = start();
    const script = 'cat /proc/[0-9]*/cmdline | tr "\\0" " "; echo "$WORD"';
    const reply = await session.run(`# s3cret-text\n${script}`, {
      env: { WORD: 's3cret-$env' },
      stdin: Buffer.from('x'),
    });
    expect(reply.stdout.trimEnd().split('\n').at(-1)).toMatch(/s3cret-\$env$/);
    expect(reply.stdout.match(/s3cret/g)).toHaveLength(1);
  });

  test('a child left in the background does not delay the reply, and is noticed', async () => {
    const { session } = start();
    const started = performance.now();
    expect((await session.run('sleep 5 & echo bg')).stdout).toBe('bg\n');
    expect(performance.now() - started).toBeLessThan(4000);
    expect(session.tainted).toBe(true);
  });

  test('cancel ends the whole group and fails the call', async () => {
    const { session } = start();
    const pids: number[] = [];
    const running = session.run('sleep 60 & echo $$ $!; wait', {
      onOutput: (chunk) => pids.push(...chunk.trim().split(' ').map(Number)),
    });
    const failure = expect(running).rejects.toThrow(InterruptedError);
    await until(() => pids.length === 2);
    expect(pids.every(living)).toBe(true);
    await session.cancel();
    await failure;
    expect(pids.some(living)).toBe(false);
    expect((await session.run('echo next')).stdout).toBe('next\n');
  });

  test('a script that ignores TERM is killed', async () => {
    const { session } = start();
    let begun = false;
    const running = session.run('trap "" TERM; echo begun; sleep 60; sleep 60', { onOutput: () => (begun = true) });
    const failure = expect(running).rejects.toThrow(InterruptedError);
    await until(() => begun);
    await session.cancel();
    await failure;
  });

  test('silence beyond the limit ends the script', async () => {
    const { session } = start();
    const running = session.run('echo begun; sleep 60', { idleTimeoutMs: 300 });
    await expect(running).rejects.toThrow(TaskError);
    expect((await session.run('echo next')).stdout).toBe('next\n');
  });

  test('a script is ended also before its first line ran', async () => {
    const { session } = start();
    for (let turn = 0; turn < 10; turn++) {
      await expect(session.run('sleep 60', { idleTimeoutMs: 1 + turn })).rejects.toThrow(TaskError);
    }
    expect((await session.run('echo next')).stdout).toBe('next\n');
  });

  test('when the control machine is gone, the script is ended and the shell with it', async () => {
    const { session, channel, pid } = start();
    const pids: number[] = [];
    const running = session.run('echo $$; sleep 60', { onOutput: (chunk) => pids.push(Number(chunk)) });
    const failure = expect(running).rejects.toThrow(UnreachableError);
    await until(() => pids.length === 1);
    channel.destroy();
    await failure;
    await until(() => !living(pid));
    expect(pids.some(living)).toBe(false);
  });

  test('a script whose stdin was cut never sees its end', async () => {
    const { session, channel, pid } = start();
    const out = `/tmp/rcdeploy-test-${process.pid}-${Math.random()}`;
    await session.ready();
    const running = session.run(`cat >/dev/null; echo whole >${out}`, { stdin: randomBytes(1 << 26) });
    const failure = expect(running).rejects.toThrow(UnreachableError);
    await new Promise((resolve) => setImmediate(resolve));
    channel.destroy();
    await failure;
    await until(() => !living(pid));
    expect(() => readFileSync(out)).toThrow('ENOENT');
  });

  test('a killed shell is a lost connection that says what was running', async () => {
    const { session, pid } = start();
    let begun = false;
    const running = session.run('echo begun; sleep 2; echo end', { onOutput: () => (begun = true) });
    const failure = expect(running).rejects.toThrow(
      /lost before its exit status came \(echo begun; sleep 2; echo end\)/,
    );
    await until(() => begun);
    process.kill(pid, 'SIGKILL');
    await failure;
    await expect(session.run('true')).rejects.toThrow(UnreachableError);
  });
});
