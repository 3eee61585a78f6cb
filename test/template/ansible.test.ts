import { describe, expect, it } from 'vitest';
import { setEnvironment } from '../../src/template/environment.ts';
import { compileText } from '../../src/template/template.ts';
import cases from './ansible.json' with { type: 'json' };
import { askOracle, hasOracle } from './oracle.ts';
import { scopeOf } from './scope.ts';

setEnvironment({ PATH: '/usr/bin:/bin' });
const scope = scopeOf({ ...cases.variables, omit: '__omit__' });

function rendered(text: string): string | null {
  try {
    const value = compileText(text).evaluate(scope);
    return value === null ? '' : String(value);
  } catch (error) {
    if (error instanceof Error && /^(?:TemplateError|UndefinedNameError)$/.test(error.name)) return null;
    throw error;
  }
}

describe.skipIf(!hasOracle('ansible'))('the same as Ansible (skipped without Ansible)', () => {
  const answers = hasOracle('ansible')
    ? askOracle('ansible', cases)
    : { expressions: [], templates: [], documents: [] };

  it.each(cases.expressions.map((text, index) => [text, answers.expressions[index]]))('%s', (text, expected) => {
    expect(rendered(`{{ [(${text})] }}{{ '' }}`)).toBe(expected);
  });

  it.each(cases.templates.map((text, index) => [text, answers.templates[index]]))('template %j', (text, expected) => {
    expect(rendered(String(text))).toBe(expected === null ? null : String(expected));
  });
});
