import { attributeOf, itemOf, sliceOf } from './access.ts';
import { checkSize } from './budget.ts';
import { checkApplied } from './check-applied.ts';
import { contains, equals, order } from './compare.ts';
import { compileArguments } from './compile-arguments.ts';
import { compileChoice, compileLogic } from './compile-logic.ts';
import { compileName } from './compile-name.ts';
import type { Frame } from './frame.ts';
import { globalNamed } from './globals.ts';
import { Callable, type Dict, isTrue, keyText, setKey, Tuple, typeName } from './kinds.ts';
import { locate, located } from './located.ts';
import { checkLookup } from './lookups/check-lookup.ts';
import { callMethod, own } from './methods.ts';
import { arithmetic, signed } from './operators.ts';
import { str } from './python-text.ts';
import { apply, filterNamed, testNamed } from './registry.ts';
import { wordTruth } from './source-text.ts';
import type { ComparisonOperator, Expression } from './syntax.ts';
import { known, Undefined, UnknownReached } from './undefined.ts';
import { TemplateError, Unknown } from './values.ts';

export type Evaluate = (frame: Frame) => unknown;

type Node<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>;

/**
 * Turn an expression into a closure. `locals` are the names that may be local variables somewhere in the template. `judged`: it is
 * asked whether the value is true, so that a plain yes, no, on or off of a source file is a boolean.
 */
export function compile(node: Expression, locals: ReadonlySet<string>, judged = false): Evaluate {
  const inner = (child: Expression) => compile(child, locals);
  const asked = (child: Expression) => compile(child, locals, true);
  const alike = (child: Expression) => compile(child, locals, judged);
  switch (node.kind) {
    case 'constant':
      return () => node.value;
    case 'name':
      return compileName(node.name, node.offset, locals.has(node.name), judged);
    case 'list': {
      const items = node.items.map(inner);
      return (frame) => own(items.map((item) => item(frame)));
    }
    case 'tuple': {
      const items = node.items.map(inner);
      return (frame) => Tuple.make(items.map((item) => item(frame)));
    }
    case 'dict':
      return compileDict(node, inner);
    case 'attribute': {
      const object = inner(node.object);
      if (!judged) return (frame) => attributeOf(object(frame), node.name, node.offset);
      return (frame) => {
        const holder = object(frame);
        return wordTruth(holder, node.name) ?? attributeOf(holder, node.name, node.offset);
      };
    }
    case 'item': {
      const object = inner(node.object);
      const key = inner(node.key);
      return (frame) => itemOf(object(frame), key(frame), node.offset);
    }
    case 'slice':
      return compileSlice(node, inner);
    case 'call':
      return compileCall(node, locals);
    case 'filter':
      return compileFilter(node, locals, judged);
    case 'test':
      return compileTest(node, locals);
    case 'not': {
      const operand = asked(node.operand);
      return (frame) => !isTrue(operand(frame));
    }
    case 'sign': {
      const operand = inner(node.operand);
      return guard(node.offset, (frame) => signed(node.operator, operand(frame)));
    }
    case 'arithmetic': {
      const left = inner(node.left);
      const right = inner(node.right);
      return guard(node.offset, (frame) => arithmetic(node.operator, left(frame), right(frame)));
    }
    case 'and':
    case 'or':
      return compileLogic(node, asked, alike);
    case 'concat': {
      const parts = node.parts.map(inner);
      return guard(node.offset, (frame) => {
        const text = parts.map((part) => str(part(frame))).join('');
        checkSize(text.length);
        return text;
      });
    }
    case 'compare':
      return compileComparison(node, inner);
    case 'choice':
      return compileChoice(node, asked, alike);
  }
}

type Inner = (child: Expression) => Evaluate;

/** Errors of operators and filters do not know where they stand in the text: add it. */
function guard(offset: number, evaluate: Evaluate): Evaluate {
  return (frame) => {
    try {
      return evaluate(frame);
    } catch (error) {
      throw located(error, offset);
    }
  };
}

function compileDict(node: Node<'dict'>, inner: Inner): Evaluate {
  const entries = node.entries.map(([key, value]) => [inner(key), inner(value)] as const);
  return guard(node.offset, (frame) => {
    const dict: Dict = {};
    for (const [key, value] of entries) setKey(dict, keyText(key(frame)), value(frame));
    return own(dict);
  });
}

function compileSlice(node: Node<'slice'>, inner: Inner): Evaluate {
  const object = inner(node.object);
  const bounds = [node.start, node.stop, node.step].map((bound) => (bound === undefined ? undefined : inner(bound)));
  return guard(node.offset, (frame) => {
    const [start, stop, step] = bounds.map((bound) => (bound === undefined ? undefined : known(bound(frame))));
    return sliceOf(known(object(frame)), start, stop, step);
  });
}

function compileCall(node: Node<'call'>, locals: ReadonlySet<string>): Evaluate {
  const args = compileArguments(node.args, locals, compile);
  const { callee } = node;
  if (callee.kind === 'attribute') {
    const object = compile(callee.object, locals);
    return guard(node.offset, (frame) => {
      const holder = object(frame);
      const { positional, named } = args(frame);
      return callMethod(frame.context, holder, callee.name, positional, named);
    });
  }
  const global = callee.kind === 'name' && !locals.has(callee.name) ? globalNamed(callee.name) : undefined;
  if (global !== undefined && callee.kind === 'name') {
    checkLookup(callee.name, node.args.positional[0]);
    return guard(node.offset, (frame) => {
      const { positional, named } = args(frame);
      return own2(apply(global, `${callee.name}()`, frame.context, undefined, positional, named));
    });
  }
  const target = compile(callee, locals);
  return guard(node.offset, (frame) => {
    const found = known(target(frame));
    if (!(found instanceof Callable)) throw new TemplateError(`'${typeName(found)}' object is not callable`);
    const { positional, named } = args(frame);
    return found.call(positional, named);
  });
}

function own2(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? own(value) : value;
}

/** Filters that ask whether their input is true, and those whose outcome may be their input. */
const judgingFilters: ReadonlySet<string> = new Set(['ternary']);
const passingFilters: ReadonlySet<string> = new Set(['default', 'd', 'mandatory']);

function compileFilter(node: Node<'filter'>, locals: ReadonlySet<string>, judged: boolean): Evaluate {
  if (node.input === undefined) throw new TemplateError('the filter has no input', node.offset);
  const isAsked = judgingFilters.has(node.name) || (judged && passingFilters.has(node.name));
  const input = compile(node.input, locals, isAsked);
  const args = compileArguments(node.args, locals, compile);
  const { name } = node;
  return guard(node.offset, filterCall());

  function filterCall(): Evaluate {
    const definition = locate(() => filterNamed(name), node.offset);
    checkApplied(definition, node.args.positional);
    return (frame) => {
      const value = input(frame);
      const { positional, named } = args(frame);
      return apply(definition, name, frame.context, value, positional, named);
    };
  }
}

function compileTest(node: Node<'test'>, locals: ReadonlySet<string>): Evaluate {
  const input = compile(node.input, locals);
  const { name } = node;
  if (name === 'defined' || name === 'undefined') {
    const isName = node.input.kind === 'name';
    return (frame) => {
      const value = input(frame);
      if (value instanceof Unknown && !isName) throw new UnknownReached(value);
      return value instanceof Undefined === (name === 'undefined');
    };
  }
  const definition = locate(() => testNamed(name), node.offset);
  const args = compileArguments(node.args, locals, compile);
  return guard(node.offset, (frame) => {
    const value = input(frame);
    const { positional, named } = args(frame);
    return isTrue(apply(definition, name, frame.context, value, positional, named));
  });
}

function compileComparison(node: Node<'compare'>, inner: Inner): Evaluate {
  const first = inner(node.first);
  const rest = node.rest.map(([operator, operand]) => [operator, inner(operand)] as const);
  const [only] = rest;
  if (rest.length === 1 && only !== undefined) {
    const [operator, operand] = only;
    if (operator === '==') return (frame) => equals(first(frame), operand(frame));
    if (operator === '!=') return (frame) => !equals(first(frame), operand(frame));
    return guard(node.offset, (frame) => holds(operator, first(frame), operand(frame)));
  }
  return guard(node.offset, (frame) => {
    let left = first(frame);
    for (const [operator, operand] of rest) {
      const right = operand(frame);
      if (!holds(operator, left, right)) return false;
      left = right;
    }
    return true;
  });
}

function holds(operator: ComparisonOperator, left: unknown, right: unknown): boolean {
  switch (operator) {
    case '==':
      return equals(left, right);
    case '!=':
      return !equals(left, right);
    case 'in':
      return contains(right, left);
    case 'not in':
      return !contains(right, left);
    case '<':
      return order(left, right, operator) < 0;
    case '<=':
      return order(left, right, operator) <= 0;
    case '>':
      return order(left, right, operator) > 0;
    case '>=':
      return order(left, right, operator) >= 0;
  }
}
