import vm from 'node:vm';
import { checkSize, spend } from './budget.ts';
import { type Flags, translatePattern } from './regex-translate.ts';
import { TemplateError } from './values.ts';

/** Milliseconds that one regular expression may take on one text. */
const timeLimit = 1000;

interface Pattern {
  readonly expression: RegExp;
  readonly repetitions: number;
}

const patterns = new Map<string, Pattern>();

/** A Python pattern, ready to be matched. `g` and `d` flags are left to the functions below. */
export function pattern(
  source: string,
  options: { ignoreCase?: unknown; multiline?: unknown; dotAll?: unknown } = {},
): Pattern {
  const flags: Flags = {
    ignoreCase: options.ignoreCase === true,
    multiline: options.multiline === true,
    dotAll: options.dotAll === true,
    verbose: false,
  };
  const key = `${flags.ignoreCase ? 'i' : ''}${flags.multiline ? 'm' : ''}${flags.dotAll ? 's' : ''}:${source}`;
  const found = patterns.get(key);
  if (found !== undefined) return found;
  const translated = translatePattern(source, flags);
  const made = { expression: build(source, translated), repetitions: translated.repetitions };
  if (patterns.size >= 5000) patterns.clear();
  patterns.set(key, made);
  return made;
}

function build(source: string, translated: { source: string; flags: Flags }): RegExp {
  try {
    return new RegExp(translated.source, translated.flags.ignoreCase ? 'giu' : 'gu');
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*: /, '') : String(error);
    throw new TemplateError(`the pattern '${source}' cannot be used: ${reason}`);
  }
}

/** All matches, in order; with `limit`, so many at most. */
export function matches({ expression, repetitions }: Pattern, text: string, limit = Infinity): RegExpExecArray[] {
  checkSize(text.length);
  const risky = repetitions > 1 ? text.length > 16 : repetitions === 1 && text.length > 10_000;
  return risky ? guarded(expression, text, limit) : findAll(expression, text, limit);
}

export function firstMatch(wanted: Pattern, text: string): RegExpExecArray | undefined {
  return matches(wanted, text, 1)[0];
}

function findAll(expression: RegExp, text: string, limit: number): RegExpExecArray[] {
  const all: RegExpExecArray[] = [];
  expression.lastIndex = 0;
  while (all.length < limit) {
    const found = expression.exec(text);
    if (found === null) break;
    spend(1);
    all.push(found);
    if (found[0] === '') expression.lastIndex += (text.codePointAt(expression.lastIndex) ?? 0) > 0xffff ? 2 : 1;
  }
  expression.lastIndex = 0;
  return all;
}

let context: vm.Context | undefined;
const script = new vm.Script('find()');

/**
 * Only the interpreter itself can stop a regular expression that runs away; node:vm asks it to. Costs 0.06 ms, and the first 1 ms, which is
 * why no start pays for it.
 */
function guarded(expression: RegExp, text: string, limit: number): RegExpExecArray[] {
  context ??= vm.createContext();
  const sandbox = context;
  let found: RegExpExecArray[] = [];
  let failure: unknown;
  sandbox.find = () => {
    try {
      found = findAll(expression, text, limit);
    } catch (error) {
      failure = error;
    }
  };
  try {
    script.runInContext(sandbox, { timeout: timeLimit });
  } catch {
    throw new TemplateError(
      `the pattern ${expression.source} took more than ${timeLimit} ms on ${text.length} characters`,
    );
  } finally {
    sandbox.find = undefined;
  }
  if (failure !== undefined) throw failure;
  return found;
}
