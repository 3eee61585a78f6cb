import { spend } from './budget.ts';
import { compile } from './compile-expression.ts';
import type { Execute } from './compile-template.ts';
import { Callable } from './kinds.ts';
import { Output } from './output.ts';
import type { Statement } from './syntax.ts';
import { Undefined } from './undefined.ts';
import { TemplateError } from './values.ts';

type Macro = Extract<Statement, { kind: 'macro' }>;
type CompileBody = (body: readonly Statement[], locals: ReadonlySet<string>) => Execute;

/** A macro gives text and sees the variables of the place that defines it. */
export function compileMacro(statement: Macro, locals: ReadonlySet<string>, compileBody: CompileBody): Execute {
  const parameters = statement.parameters.map(({ name, fallback }) => ({
    name,
    fallback: fallback === undefined ? undefined : compile(fallback, locals),
  }));
  const body = compileBody(statement.body, locals);
  return (frame) => {
    const call: Callable['call'] = (positional, named) => {
      spend(1);
      const unknownName = [...named.keys()].find((name) => !parameters.some((parameter) => parameter.name === name));
      if (unknownName !== undefined)
        throw new TemplateError(`macro '${statement.name}' has no argument '${unknownName}'`);
      if (positional.length > parameters.length)
        throw new TemplateError(`macro '${statement.name}' got too many arguments`);
      const inner = frame.inner();
      parameters.forEach(({ name, fallback }, index) => {
        const given = index < positional.length ? positional[index] : named.get(name);
        const missing = () =>
          new Undefined(name, `the macro's argument '${name}' was not given`, () => [], statement.offset);
        inner.set(name, given ?? (given === null ? null : fallback === undefined ? missing() : fallback(inner)));
      });
      const output = new Output();
      body(inner, output);
      return output.join();
    };
    frame.set(statement.name, new Callable(statement.name, call));
  };
}
