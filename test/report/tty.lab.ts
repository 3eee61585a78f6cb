import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { Terminal } from './terminal.ts';

const program = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const base = mkdtempSync('/tmp/rcdeploy-tty-test.');
afterAll(() => rmSync(base, { recursive: true }));

const failing = `- hosts: all
  gather_facts: false
  tasks:
    - {name: quick, ping: {}}
    - {name: slow, command: sleep 1, changed_when: false}
    - {name: items, command: 'sleep 0.{{ item }}', changed_when: false, loop: [3, 4]}
    - {name: fails, shell: 'sleep 1; echo no luck >&2; exit 3', changed_when: false}
`;
const stubborn = `- hosts: all
  gather_facts: false
  tasks:
    - {name: stubborn, shell: "trap '' INT TERM HUP; >${base}/deaf.{{ inventory_hostname }}; sleep 30; sleep 30", changed_when: false}
`;
/** The first interrupt must come when no host hears it any more. */
const untilDeaf = (hosts: number) =>
  expect
    .poll(() => readdirSync(base).filter((name) => name.startsWith('deaf.')).length, { timeout: 120_000 })
    .toBe(hosts);
const patient = `- hosts: all
  gather_facts: false
  tasks:
    - {name: patient, command: sleep 60, changed_when: false}
`;

function argsFor(hosts: number, playbook: string): string[] {
  const names = Array.from({ length: hosts }, (_none, index) => `h${index + 1} ansible_connection=local`);
  writeFileSync(`${base}/hosts`, `${names.join('\n')}\n`);
  writeFileSync(`${base}/site.yml`, playbook);
  return ['run', `${base}/site.yml`, '-i', `${base}/hosts`, '--lock-wait', '120'];
}

/** What differs from run to run is taken out. */
function comparable(lines: readonly string[]): string[] {
  return lines
    .map((line) => line.replace(/\d+(\.\d+)? s\b/g, 'T').replace(/ {2,}/g, '  '))
    .filter((line) => line !== '');
}

function plainLines(args: readonly string[]): Promise<string[]> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args, '--output', 'plain'], (_error, stdout) =>
      resolve(stdout.split('\n')),
    );
  });
}

describe('a run on a terminal', () => {
  it.each([
    [1, 100, 30],
    [6, 100, 30],
    [30, 60, 24],
  ])('of %i hosts leaves on it what a log would hold', async (hosts, columns, rows) => {
    const args = argsFor(hosts, failing);
    const terminal = new Terminal(columns, rows, args);
    await terminal.until('slow  0/');
    expect(await terminal.ended()).toBe(2);
    expect(terminal.cursorIsVisible).toBe(true);
    expect(comparable(terminal.lines())).toEqual(comparable(await plainLines(args)));
  });

  it('says at once that an interrupt was heard, and ends in order', async () => {
    const terminal = new Terminal(80, 24, argsFor(6, patient));
    await terminal.until('patient  0/6');
    terminal.type('\u0003');
    expect(await terminal.ended()).toBe(130);
    const text = terminal.lines().join('\n');
    expect(text).toMatch(
      /SIGINT: nothing new is started.*\nstopped {2}patient: not finished on all 6 hosts\n\nRECAP\n/s,
    );
    expect(text).not.toMatch(/patient {2}\d\/6/);
    expect(terminal.cursorIsVisible).toBe(true);
  });

  it('goes at the second interrupt without a trace of what moved', async () => {
    const terminal = new Terminal(80, 24, argsFor(6, stubborn));
    await untilDeaf(6);
    await terminal.until('stubborn  0/6');
    terminal.type('\u0003');
    await terminal.until('SIGINT: ');
    terminal.type('\u0003');
    expect(await terminal.ended()).toBe(130);
    expect(terminal.hasMoved).toBe(true);
    expect(terminal.cursorIsVisible).toBe(true);
    expect(terminal.lines().at(-1)).toMatch(/again: leave at once/);
  });
});

it('the second interrupt ends events and files in order too', async () => {
  const junit = `${base}/junit.xml`;
  for (const name of readdirSync(base)) if (name.startsWith('deaf.')) rmSync(join(base, name));
  const child = spawn(process.execPath, [program, ...argsFor(2, stubborn), '--output', 'json', '--junit', junit]);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  await untilDeaf(2);
  child.kill('SIGINT');
  await expect.poll(() => err, { timeout: 60_000 }).toContain('SIGINT: ');
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(JSON.parse(out.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ event: 'run_end', exit: 130 });
  expect(readFileSync(junit, 'utf8')).toContain('<error message="interrupted, and left at once');
});
