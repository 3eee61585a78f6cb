import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadCases } from '../differential/case.ts';
import { documentedKeywords, playbooksOf } from '../differential/documented-keywords.ts';
import { caseOfKeywords } from '../differential/without-keyword.ts';
import { keywordsElsewhere } from './elsewhere.ts';
import { keywordsIn, withoutKeyword } from './keyword-places.ts';

const root = join(import.meta.dirname, '..');
const cases = loadCases();

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

  it('every case has what it says it shows', () => {
    const chosen = new Map(caseOfKeywords(cases).map(([name, { whole }]) => [name, whole.name]));
    const shown = cases.flatMap(({ name, shows }) => shows.map((keyword) => [keyword, name] as const));
    expect(shown.map(([keyword]) => [keyword, chosen.get(keyword)])).toEqual(shown);
  });

  it('a text without a keyword is otherwise the same', () => {
    const text = '- hosts: all\n  serial: 1 # one by one\n  tasks: [{name: "a: b", debug: , when: yes}]\n';
    const without = text.replace('  serial: 1 # one by one\n', '');
    expect(parse(withoutKeyword(text, 'play', 'serial') ?? '')).toEqual(parse(without));
    expect(parse(withoutKeyword(text, 'task', 'when') ?? '')).toEqual(parse(text.replace(', when: yes', '')));
    expect(withoutKeyword(text, 'block', 'when')).toBeUndefined();
  });

  it('none is excused that is not there', () => {
    expect(Object.keys(keywordsElsewhere).filter((name) => !documentedKeywords().includes(name))).toEqual([]);
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
