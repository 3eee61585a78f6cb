import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepareShipped, prepareYaml } from '../../src/cli/prepare-shipped.ts';
import { templatesIn } from '../../src/playbook/sites.ts';
import { keySpanOf, sourceText, spanOf } from '../../src/source/positions.ts';
import { type PreparedYaml, restore } from '../../src/source/prepared-yaml.ts';
import { parseYaml } from '../../src/source/yaml-file.ts';
import { parsedTemplate } from '../../src/template/template.ts';

const root = join(import.meta.dirname, '..', '..');
const shipped = readdirSync(join(root, 'playbooks'), { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.yml'),
);

/** A value with all that is known of where its parts came from. */
function described(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, each]) => {
    const key = Array.isArray(value) ? Number(name) : name;
    return [name, keySpanOf(value, key), spanOf(value, key), sourceText(value, key), described(each)];
  });
  return { isList: Array.isArray(value), span: spanOf(value), entries };
}

function readAgain(prepared: PreparedYaml | undefined, file: string): unknown {
  if (prepared === undefined) throw new Error('not prepared');
  return restore(JSON.parse(JSON.stringify(prepared)) as PreparedYaml, file).value;
}

describe('a YAML text that was prepared', () => {
  it.each(shipped)('says of playbooks/%s what parsing says, with all places', (name) => {
    const text = readFileSync(join(root, 'playbooks', name), 'utf8');
    const again = readAgain(prepareYaml(text, 'then.yml'), 'now.yml');
    expect(described(again)).toEqual(described(parseYaml(text, 'now.yml').value));
  });

  it.each([
    'a: 0644\nb: [7.0, no, "no", {c: [], d: {}}]\ne: |\n  text\n2: two\n1: "{{ one }}"\n',
    '- x: 1\n  <<: {y: 0755, z: on}\n- ~\n- true\n',
  ])('keeps how values were written: %j', (text) => {
    expect(described(readAgain(prepareYaml(text, 'then.yml'), 'now.yml'))).toEqual(
      described(parseYaml(text, 'now.yml').value),
    );
  });

  it('holds what the parser makes of every template of the shipped files', () => {
    for (const name of shipped) {
      const { templates = [] } = prepareYaml(readFileSync(join(root, 'playbooks', name), 'utf8'), name) ?? {};
      for (const { kind, text, parsed = 'null' } of templates)
        expect(JSON.parse(parsed), text).toEqual(parsedTemplate(kind, text));
    }
  });

  it('knows every template of the shipped files', () => {
    for (const name of shipped) {
      const text = readFileSync(join(root, 'playbooks', name), 'utf8');
      const known = new Set(prepareYaml(text, name)?.templates.map((template) => template.text));
      for (const site of templatesIn(parseYaml(text, name).value, undefined)) expect(known).toContain(site.text);
    }
  });

  it.each([
    ['shares a part', 'a: &a [1]\nb: *a\n'],
    ['is never rendered', 'a: !unsafe "{{ b }}"\n'],
    ['is no number of JSON', 'a: .inf\n'],
    ['has a sign that JSON drops', 'a: -0.0\n'],
    ['has a mistake', 'a: {{ b }}\n'],
    ['is two documents', 'a: 1\n---\nb: 2\n'],
    ['is empty', '# nothing\n'],
    ['is no map or list', 'text\n'],
  ])('is left to the parser when it %s', (_why, text) => {
    expect(prepareYaml(text, 't.yml')).toBeUndefined();
  });
});

describe('the build', () => {
  it('has prepared the shipped playbooks: run `npm run build` after a change of one', () => {
    const directory = join(root, 'dist', 'cli', 'prepared');
    const built = readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')]);
    expect(new Map(built as [string, string][])).toEqual(prepareShipped());
    expect(built).toHaveLength(shipped.length);
  });
});
