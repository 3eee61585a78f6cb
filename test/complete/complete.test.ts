import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadCases } from '../differential/case.ts';
import { documentedKeywords, playbooksOf } from '../differential/documented-keywords.ts';
import ansible from '../template/ansible.json' with { type: 'json' };
import jinja2 from '../template/jinja2.json' with { type: 'json' };
import { keywordsElsewhere } from './elsewhere.ts';
import { keywordsIn } from './keyword-places.ts';

const root = join(import.meta.dirname, '..');
const cases = loadCases();
const documented = JSON.parse(readFileSync('schemas/templates.json', 'utf8')) as Record<string, object>;

describe('keywords', () => {
  const inCases = new Set(
    cases
      .filter(({ where }) => where === 'local')
      .flatMap((one) => playbooksOf(one).flatMap(([, text]) => keywordsIn(text))),
  );

  it.each(documentedKeywords())('%s stands in a case, or in the test that is named for it', (name) => {
    const elsewhere = keywordsElsewhere[name];
    if (elsewhere === undefined) return expect([...inCases]).toContain(name);
    const [file, title] = elsewhere;
    const text = readFileSync(join(root, '..', file), 'utf8');
    expect(text).toContain(title);
    expect(text).toContain(`${name.split('.')[1]}:`);
  });

  it('none is excused that is not there', () => {
    expect(Object.keys(keywordsElsewhere).filter((name) => !documentedKeywords().includes(name))).toEqual([]);
  });
});

/** Texts with expressions whose values are compared: with Jinja2 and Ansible, or with what stands beside them. */
const expressions = [
  ...[jinja2, ansible].flatMap((one) => [...one.expressions, ...one.templates]),
  ...['filters', 'lookups', 'template'].map((name) => readFileSync(join(root, `template/${name}.test.ts`), 'utf8')),
  ...cases.map(({ playbook, files }) => [playbook, ...Object.values(files)].join('\n')),
].join('\n');

const plain = (name: string) => name.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
const after = (before: string, name: string) => new RegExp(`${before}${plain(name)}(?![\\w])`);
const called: Readonly<Record<string, (name: string) => RegExp>> = {
  filters: (name) =>
    new RegExp(`\\|\\s*(?:\\w+\\.\\w+\\.)?${plain(name)}(?!\\w)|(?:map|filter)\\(?\\s*['"]?${plain(name)}(?!\\w)`),
  tests: (name) => after(`(?:\\bis\\s+(?:not\\s+)?|(?:select|reject)(?:attr)?\\([^)]*['"])`, name),
  lookups: (name) =>
    new RegExp(`(?:lookup|query|q)\\(\\s*\\\\?['"]${plain(name)}\\\\?['"]|\\['${plain(name)}', |with_${plain(name)}:`),
};

describe.each(Object.keys(called))('%s', (kind) => {
  it.each(Object.keys(documented[kind] ?? {}))('%s is called by a test that knows the answer', (name) => {
    expect(called[kind]?.(name).test(expressions), `no test calls ${name}`).toBe(true);
  });
});

describe('modules', () => {
  const modules = readdirSync('schemas/modules').map((file) => file.replace('.json', ''));
  const texts = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => /\.(?:ts|yml|json)$/.test(file) && !file.startsWith('complete/'))
    .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }));

  // Shipped playbooks that a test runs count as its own words.
  const shipped = readdirSync('playbooks')
    .filter((file) => file.endsWith('.yml') && texts.some(({ text }) => text.includes(file)))
    .map((file) => ({ file, text: readFileSync(join('playbooks', file), 'utf8') }));

  it.each(modules)('%s is called by a test', (name) => {
    const call = new RegExp(`(?:^|[\\s{\\[-])(?:ansible\\.\\w+\\.)?${name}:(?: |$)|['"]${name}['"]`, 'm');
    const own = new RegExp(`(?:^|/)modules/(?:\\w+/)?${name}[./]`);
    const found = [...texts, ...shipped].filter(({ file, text }) => own.test(file) || call.test(text));
    expect(found.map(({ file }) => file)).not.toEqual([]);
  });
});
