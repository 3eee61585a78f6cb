import type { Frame } from './frame.ts';
import { elements, Namespace, setKey } from './kinds.ts';
import { located } from './located.ts';
import type { Target } from './syntax.ts';
import { TemplateError } from './values.ts';

export type Assign = (frame: Frame, value: unknown) => void;

/** Assignment to a name, to several names at once, or to a member of a namespace. */
export function compileTarget(target: Target, offset: number): Assign {
  if (target.kind === 'name') return (frame, value) => frame.set(target.name, value);
  if (target.kind === 'member') return (frame, value) => setMember(frame, target.namespace, target.name, value, offset);
  const inner = target.targets.map((one) => compileTarget(one, offset));
  return (frame, value) => {
    const parts = unpack(value, inner.length, offset);
    inner.forEach((assign, index) => {
      assign(frame, parts[index]);
    });
  };
}

function unpack(value: unknown, count: number, offset: number): readonly unknown[] {
  try {
    const parts = elements(value);
    if (parts.length === count) return parts;
    throw new TemplateError(`expected ${count} values to unpack, got ${parts.length}`);
  } catch (error) {
    throw located(error, offset);
  }
}

function setMember(frame: Frame, holder: string, name: string, value: unknown, offset: number): void {
  const namespace = frame.local(holder);
  if (!(namespace instanceof Namespace)) {
    throw new TemplateError(`'${holder}' is not a namespace(): only its members can be set`, offset);
  }
  setKey(namespace.members, name, value);
}

/** All names that a target assigns. */
export function namesOf(target: Target): readonly string[] {
  if (target.kind === 'member') return [];
  return target.kind === 'name' ? [target.name] : target.targets.flatMap(namesOf);
}
