import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

/**
 * Each run of the tests has a directory for temporary files of its own, which all its processes inherit, and takes it along when it
 * ends: well, badly, by Ctrl-C or by SIGTERM. Its name is short, for a Unix socket's path has at most 107 bytes. Anybody may
 * write there, as in /tmp: some tests become other users.
 */
export default function temporaryDirectory(core: TestProject): void {
  const directory = mkdtempSync(join(tmpdir(), 'rct-'));
  chmodSync(directory, 0o1777);
  process.env.TMPDIR = directory;
  /** Notes of the tests' runs do not go among the developer's own. */
  process.env.XDG_STATE_HOME = join(directory, 'state');
  process.once('exit', () => {
    // The test runner's own is left behind when it is interrupted.
    for (const left of [directory, core.tmpDir, ...core.vitest.projects.map(({ tmpDir }) => tmpDir)]) {
      rmSync(left, { recursive: true, force: true, maxRetries: 3 });
    }
  });
}
