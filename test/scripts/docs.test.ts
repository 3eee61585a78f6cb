import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

test.each([
  ['modules', 'module-docs', '### redis_cluster'],
  ['templates', 'template-docs', '| `json_query` |'],
  ['keywords', 'keyword-docs', '| `until` |'],
  ['differences', 'difference-docs', '## Of handlers'],
])('docs/%s.md says what its sources say: write it with `npm run docs`', (page, script, part) => {
  const words = [`scripts/${script}.mjs`, '--print'];
  const written = execFileSync(process.execPath, words, { cwd: root, encoding: 'utf8' });
  expect(written).toContain(part);
  expect(readFileSync(`${root}docs/${page}.md`, 'utf8')).toBe(written);
});
