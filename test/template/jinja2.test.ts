import { describe, expect, it } from 'vitest';
import { compileExpression, compileText, renderDocument } from '../../src/template/template.ts';
import cases from './jinja2.json' with { type: 'json' };
import { askOracle, hasOracle } from './oracle.ts';
import { scopeOf } from './scope.ts';

const scope = scopeOf(cases.variables);

/** What `repr([value])` gives, or null for an error. */
function listed(expression: string): unknown {
  return attempt(() => {
    compileExpression(expression);
    return compileText(`{{ [(${expression})] }}{{ '' }}`).evaluate(scope);
  });
}

function attempt(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && /^(?:TemplateError|UndefinedNameError)$/.test(error.name)) return null;
    throw error;
  }
}

describe.skipIf(!hasOracle('jinja2'))('the same as Jinja2 (skipped without python3-jinja2)', () => {
  const answers = hasOracle('jinja2') ? askOracle('jinja2', cases) : { expressions: [], templates: [], documents: [] };

  it('is asked enough, and most of it has an answer', () => {
    expect(answers.expressions.length).toBeGreaterThan(500);
    expect(answers.expressions.filter((answer) => answer !== null).length).toBeGreaterThan(400);
  });

  it.each(cases.expressions.map((text, index) => [text, answers.expressions[index]]))('%s', (text, expected) => {
    expect(listed(String(text))).toBe(expected);
  });

  it.each(cases.templates.map((text, index) => [text, answers.templates[index]]))('template %j', (text, expected) => {
    expect(attempt(() => String(renderDocument(String(text), scope, { trimBlocks: false })))).toBe(expected);
  });

  it.each(cases.documents.map((text, index) => [text, answers.documents[index]]))('document %j', (text, expected) => {
    expect(attempt(() => renderDocument(String(text), scope))).toBe(expected);
  });
});
