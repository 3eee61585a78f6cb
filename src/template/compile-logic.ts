import type { Evaluate } from './compile-expression.ts';
import { isTrue } from './kinds.ts';
import type { Expression } from './syntax.ts';
import { Undefined } from './undefined.ts';

type Node<Kind extends Expression['kind']> = Extract<Expression, { kind: Kind }>;
type Inner = (child: Expression) => Evaluate;

/** `asked` compiles what is only judged to be true or not, `alike` what the whole may come to. */
export function compileLogic(node: Node<'and' | 'or'>, asked: Inner, alike: Inner): Evaluate {
  const test = asked(node.left);
  const left = alike(node.left);
  const right = alike(node.right);
  // What cannot be a word of a source file is evaluated once.
  const isOnce = node.left.kind !== 'name' && node.left.kind !== 'attribute';
  const goesOn = node.kind === 'and';
  return (frame) => {
    const value = test(frame);
    if (isTrue(value) === goesOn) return right(frame);
    return isOnce ? value : left(frame);
  };
}

export function compileChoice(node: Node<'choice'>, asked: Inner, alike: Inner): Evaluate {
  const test = asked(node.test);
  const outcome = alike(node.outcome);
  const otherwise = node.otherwise === undefined ? undefined : alike(node.otherwise);
  return (frame) => {
    if (isTrue(test(frame))) return outcome(frame);
    if (otherwise !== undefined) return otherwise(frame);
    return new Undefined('', 'the inline if is false and has no else', () => [], node.offset);
  };
}
