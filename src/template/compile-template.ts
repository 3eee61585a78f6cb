import { compile, type Evaluate } from './compile-expression.ts';
import { compileFor } from './compile-for.ts';
import { compileMacro } from './compile-macro.ts';
import { compileTarget } from './compile-targets.ts';
import type { Frame } from './frame.ts';
import { isTrue } from './kinds.ts';
import { Output } from './output.ts';
import type { Expression, Statement } from './syntax.ts';

export type Execute = (frame: Frame, output: Output) => void;
type Node<Kind extends Statement['kind']> = Extract<Statement, { kind: Kind }>;

/** Turn statements into one closure. */
export function compileBody(body: readonly Statement[], locals: ReadonlySet<string>): Execute {
  const steps = body.map((statement) => compileStatement(statement, locals));
  return (frame, output) => {
    for (const step of steps) step(frame, output);
  };
}

function compileStatement(statement: Statement, locals: ReadonlySet<string>): Execute {
  switch (statement.kind) {
    case 'text':
      return (_frame, output) => output.text(statement.text);
    case 'output': {
      const value = compile(statement.value, locals);
      return (frame, output) => output.value(value(frame));
    }
    case 'if':
      return compileIf(statement, locals);
    case 'for':
      return compileFor(statement, locals, compileBody);
    case 'set': {
      const value = compile(statement.value, locals);
      const assign = compileTarget(statement.target, statement.offset);
      return (frame) => assign(frame, value(frame));
    }
    case 'set-block': {
      const text = compileCaptured(statement.body, statement.filters, locals);
      const assign = compileTarget(statement.target, statement.offset);
      return (frame) => assign(frame, text(frame));
    }
    case 'filter-block': {
      const text = compileCaptured(statement.body, statement.filters, locals);
      return (frame, output) => output.value(text(frame));
    }
    case 'macro':
      return compileMacro(statement, locals, compileBody);
    case 'with':
      return compileWith(statement, locals);
  }
}

function compileIf(statement: Node<'if'>, locals: ReadonlySet<string>): Execute {
  const branches = statement.branches.map(
    ([test, body]) => [compile(test, locals, true), compileBody(body, locals)] as const,
  );
  const otherwise = compileBody(statement.otherwise, locals);
  return (frame, output) => {
    for (const [test, body] of branches) {
      if (isTrue(test(frame))) return body(frame, output);
    }
    return otherwise(frame, output);
  };
}

function compileWith(statement: Node<'with'>, locals: ReadonlySet<string>): Execute {
  const bindings = statement.bindings.map(
    ([target, value]) => [compileTarget(target, statement.offset), compile(value, locals)] as const,
  );
  const body = compileBody(statement.body, locals);
  return (frame, output) => {
    const inner = frame.inner();
    for (const [assign, value] of bindings) assign(inner, value(frame));
    body(inner, output);
  };
}

/** A body whose text is caught, and put through filters where there are some. */
function compileCaptured(
  statements: readonly Statement[],
  filters: Expression | undefined,
  locals: ReadonlySet<string>,
): Evaluate {
  const body = compileBody(statements, locals);
  const captured: Evaluate = (frame) => {
    const output = new Output();
    body(frame.inner(), output);
    return output.join();
  };
  if (filters === undefined) return captured;
  const input = '(block)';
  const filtered = compile(withInput(filters, input), new Set([...locals, input]));
  return (frame) => {
    const inner = frame.inner();
    inner.set(input, captured(frame));
    return filtered(inner);
  };
}

/** The chain with a name, which no template can write, as its innermost input. */
function withInput(chain: Expression, name: string): Expression {
  if (chain.kind !== 'filter') return chain;
  const input: Expression =
    chain.input === undefined ? { kind: 'name', name, offset: chain.offset } : withInput(chain.input, name);
  return { ...chain, input };
}
