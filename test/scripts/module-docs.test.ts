import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('docs/modules.md says what the schemas say: write it with `npm run docs`', () => {
  const page = execFileSync(process.execPath, ['scripts/module-docs.mjs', '--print'], { cwd: root, encoding: 'utf8' });
  expect(page).toContain('### redis_cluster');
  expect(readFileSync(`${root}docs/modules.md`, 'utf8')).toBe(page);
});
