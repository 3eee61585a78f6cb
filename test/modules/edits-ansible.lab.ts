import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runAnsibleModules } from './ansible-modules.ts';
import { localHost, userlands } from './local-host.ts';

interface Case {
  readonly module: string;
  readonly args: Record<string, unknown>;
  readonly before: string | null;
  /** The text that we leave where Ansible's is a mistake. */
  readonly ours?: string;
  /** Another run changes the file again, with Ansible as with us. */
  readonly again?: true;
}

interface Outcome {
  readonly text: string | null;
  readonly changed: boolean;
  readonly failed: boolean;
  readonly msg: string;
}

const cases = parse(readFileSync(join(import.meta.dirname, 'ansible-edits.yml'), 'utf8')) as Case[];
const root = mkdtempSync(join(tmpdir(), 'rcdeploy-edits-'));

function lay(directory: string): void {
  mkdirSync(directory);
  cases.forEach(({ before }, index) => {
    if (before !== null) writeFileSync(join(directory, String(index)), before);
  });
}

/** What each of them calls the file. */
const fileArguments: Readonly<Record<string, string>> = { cron: 'cron_file', pam_limits: 'dest', mount: 'fstab' };
const withFile = (module: string, args: Record<string, unknown>, path: string) => ({
  [fileArguments[module] ?? 'path']: path,
  ...args,
});

const textOf = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : null);
/** What both say of a path differs by the path itself. */
const plain = (msg: unknown, path: string) => String(msg ?? '').replaceAll(path, 'PATH');

function askAnsible(directory: string): Outcome[] {
  const pathOf = (index: number) => join(directory, String(index));
  const said = runAnsibleModules(
    cases.map(({ module, args }, index) => [module, withFile(module, args, pathOf(index))]),
  );
  return said.map((result, index) => {
    const failed = result.failed === true;
    const msg = plain(result.msg, pathOf(index));
    return { text: textOf(pathOf(index)), changed: result.changed === true, failed, msg };
  });
}

let expected: Outcome[] = [];
beforeAll(() => {
  lay(join(root, 'ansible'));
  expected = askAnsible(join(root, 'ansible'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

// BusyBox has the least of all; that the others agree is the business of host-edits.lab.ts.
describe.each(userlands().filter(({ name }) => name === 'busybox'))(
  'edits as Ansible makes them, on $name',
  (userland) => {
    const directory = join(root, userland.name.replaceAll(' ', ''));
    const host = localHost(userland, join(root, 'cache'));
    beforeAll(() => lay(directory));

    test.each(cases.map((each, index) => ({ ...each, index, what: JSON.stringify(each) })))(
      '$index: $what',
      async ({ module, args, index, ours, again }) => {
        const path = join(directory, String(index));
        const outcome: Outcome = await host.task(module, withFile(module, args, path)).then(
          (result) => ({ text: textOf(path), changed: result.changed, failed: false, msg: plain(result.msg, path) }),
          (error: Error) => ({ text: textOf(path), changed: false, failed: true, msg: plain(error.message, path) }),
        );
        expect({ ...outcome, msg: outcome.failed ? '' : outcome.msg }).toEqual({
          ...expected[index],
          msg: outcome.failed ? '' : expected[index]?.msg,
          ...(ours === undefined ? {} : { text: ours, msg: outcome.msg }),
        });
        if (outcome.failed || again) return;
        expect((await host.plan(module, withFile(module, args, path))).changes, 'a second run').toEqual([]);
      },
    );
  },
);
