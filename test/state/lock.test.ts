import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isProvenDead, thisHolder } from '../../src/state/control-process.ts';
import {
  describeHolder,
  endRemainsScript,
  lockContent,
  parseLock,
  READ_LOCK,
  releaseLockScript,
  type ShellIdentity,
  takeLockScript,
} from '../../src/state/lock.ts';
import { SET_STATE_DIR } from '../../src/state/state-dir.ts';

const shells = ['sh', 'bash', ...(existsSync('/usr/bin/busybox') ? ['busybox'] : [])];
let dir: string;
const children: ReturnType<typeof spawn>[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'rcdeploy-lock-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
});

/** Runs a script of the product, with the state directory of the test. */
function sh(script: string, input?: Buffer, shell = 'sh') {
  const args = shell === 'busybox' ? ['sh', '-c'] : ['-c'];
  const text = script.replace(SET_STATE_DIR, `D=${dir}`);
  const { status, stdout, stderr } = spawnSync(shell, [...args, text], { input, encoding: 'utf8' });
  return { rc: status, stdout, stderr };
}

function identityOf(pid: number): ShellIdentity {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return { pid, startTime, bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() };
}

/** A zombie that init has not collected yet is dead. */
function isLiving(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

/** A process that stands for the session shell of a run. */
function sessionShell(): { identity: ShellIdentity; end: () => Promise<void> } {
  const child = spawn('sh', ['-c', 'read -r _'], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  children.push(child);
  const pid = child.pid ?? 0;
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const end = () => {
    child.kill('SIGKILL');
    return ended;
  };
  return { identity: identityOf(pid), end };
}

const holder = thisHolder(process.pid, 'site.yml');

describe.each(shells)('the lock of a host under %s', (shell) => {
  it('is free, then held by a living shell, and free again when that shell has died', async () => {
    expect(parseLock(sh(READ_LOCK, undefined, shell).stdout)).toMatchObject({ generation: 0, status: 'free' });
    const run = sessionShell();
    expect(sh(takeLockScript(0), lockContent(run.identity, holder), shell)).toMatchObject({ rc: 0, stderr: '' });
    const held = parseLock(sh(READ_LOCK, undefined, shell).stdout);
    expect(held).toMatchObject({ generation: 1, status: 'held', shell: run.identity, holder });
    await run.end();
    const dead = parseLock(sh(READ_LOCK, undefined, shell).stdout);
    expect(dead).toMatchObject({ generation: 1, status: 'free', holder });
  });

  it('is given to one of two that saw it free', () => {
    const run = sessionShell();
    expect(sh(takeLockScript(0), lockContent(run.identity, holder), shell).rc).toBe(0);
    expect(sh(takeLockScript(0), lockContent(run.identity, holder), shell).rc).toBe(75);
    expect(readdirSync(dir).sort()).toEqual(['lock.1']);
  });

  it('is silently free after a release, and its number never falls', () => {
    const run = sessionShell();
    sh(takeLockScript(0), lockContent(run.identity, holder), shell);
    expect(sh(releaseLockScript(1), undefined, shell).rc).toBe(0);
    expect(parseLock(sh(READ_LOCK, undefined, shell).stdout)).toMatchObject({
      generation: 1,
      status: 'free',
      holder: undefined,
    });
    expect(sh(takeLockScript(1), lockContent(run.identity, holder), shell).rc).toBe(0);
    expect(parseLock(sh(READ_LOCK, undefined, shell).stdout)).toMatchObject({ generation: 2, status: 'held' });
    expect(readdirSync(dir).sort()).toEqual(['lock.2']);
  });
});

describe('what a dead run left', () => {
  it('is ended by process group, and nothing else is', async () => {
    const left = spawn('sh', ['-c', 'setsid sleep 300 & echo $!; wait'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    });
    children.push(left);
    const sleeper = Number(
      await new Promise<string>((resolve) => left.stdout?.once('data', (data) => resolve(String(data)))),
    );
    const closed = new Promise<void>((resolve) => left.once('close', () => resolve()));
    const bystander = sessionShell();
    expect(sh(endRemainsScript(identityOf(left.pid ?? 0))).rc).toBe(0);
    await closed;
    await expect.poll(() => isLiving(sleeper)).toBe(false);
    expect(existsSync(`/proc/${bystander.identity.pid}`)).toBe(true);
  });

  it('is left alone when the pid belongs to another process by now', () => {
    const other = sessionShell();
    sh(endRemainsScript({ ...other.identity, startTime: '1' }));
    expect(existsSync(`/proc/${other.identity.pid}`)).toBe(true);
  });
});

describe('the control process', () => {
  it('is proven dead only when it ran here and is gone', () => {
    expect(isProvenDead(holder)).toBe(false);
    const gone = spawnSync('true');
    expect(isProvenDead({ ...holder, controlPid: gone.pid, controlStartTime: '1' })).toBe(true);
    expect(isProvenDead({ ...holder, controlStartTime: '1', controlHost: 'elsewhere' })).toBe(false);
    expect(isProvenDead({ ...holder, controlStartTime: '1', controlBootId: 'other' })).toBe(false);
  });

  it('is named as people need it', () => {
    const text = describeHolder('h1', holder);
    expect(text).toContain('h1');
    expect(text).toContain(execFileSync('hostname', { encoding: 'utf8' }).trim());
    expect(text).toContain(`pid ${process.pid}`);
    expect(text).toContain('site.yml');
  });
});
