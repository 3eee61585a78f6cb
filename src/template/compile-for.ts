import { spend } from './budget.ts';
import { equals } from './compare.ts';
import { compile } from './compile-expression.ts';
import { compileTarget } from './compile-targets.ts';
import type { Execute } from './compile-template.ts';
import type { Frame } from './frame.ts';
import { Callable, type Dict, elements, isTrue } from './kinds.ts';
import { located } from './located.ts';
import { mentions } from './mentions.ts';
import type { Statement } from './syntax.ts';
import { Undefined } from './undefined.ts';
import { TemplateError } from './values.ts';

type For = Extract<Statement, { kind: 'for' }>;
type CompileBody = (body: readonly Statement[], locals: ReadonlySet<string>) => Execute;

export function compileFor(statement: For, locals: ReadonlySet<string>, compileBody: CompileBody): Execute {
  const iterable = compile(statement.iterable, locals);
  const condition = statement.condition === undefined ? undefined : compile(statement.condition, locals, true);
  const assign = compileTarget(statement.target, statement.offset);
  const body = compileBody(statement.body, locals);
  const otherwise = compileBody(statement.otherwise, locals);
  const usesLoop = mentions(statement.body, 'loop');
  const cost = statement.body.length + 1;

  return (frame, output) => {
    let items = listOf(iterable(frame), statement.iterable.offset);
    if (condition !== undefined) items = items.filter((item) => isTrue(condition(bound(frame, item))));
    if (items.length === 0) return otherwise(frame.inner(), output);
    const changed = changeWatcher();
    items.forEach((item, index) => {
      spend(cost);
      const inner = bound(frame, item);
      if (usesLoop) inner.set('loop', loopVariable(items, index, changed));
      body(inner, output);
    });
  };

  function bound(frame: Frame, item: unknown): Frame {
    const inner = frame.inner();
    assign(inner, item);
    return inner;
  }
}

function listOf(value: unknown, offset: number): readonly unknown[] {
  try {
    return elements(value);
  } catch (error) {
    throw located(error, offset);
  }
}

function loopVariable(items: readonly unknown[], index: number, changed: Callable): Dict {
  const outside = (which: string) => new Undefined(which, `there is no ${which} item`, () => []);
  const last = items.length - 1;
  return {
    index: index + 1,
    index0: index,
    revindex: items.length - index,
    revindex0: last - index,
    first: index === 0,
    last: index === last,
    length: items.length,
    depth: 1,
    depth0: 0,
    previtem: index > 0 ? items[index - 1] : outside('previous'),
    nextitem: index < last ? items[index + 1] : outside('next'),
    cycle: new Callable('cycle', (choices) => {
      if (choices.length === 0) throw new TemplateError('cycle() needs something to cycle through');
      return choices[index % choices.length];
    }),
    changed,
  };
}

/** `loop.changed(value)`: true when the value differs from the last iteration's. */
function changeWatcher(): Callable {
  let last: readonly unknown[] | undefined;
  return new Callable('changed', (values) => {
    const same = last !== undefined && equals([...last], [...values]);
    last = values;
    return !same;
  });
}
