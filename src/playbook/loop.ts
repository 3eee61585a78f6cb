import { keySpanOf, spanOf } from '../source/positions.ts';
import type { LoopControl, Task } from './contract.ts';
import { copyPlaces } from './copy-places.ts';
import type { Findings } from './findings.ts';
import { parseKeyValues } from './free-form.ts';
import { type Keywords, readKeywords } from './keywords.ts';
import { checkName } from './names.ts';

const plainLoop: LoopControl = {
  loopVar: 'item',
  indexVar: undefined,
  label: undefined,
  pause: undefined,
  extended: false,
};

/** `loop` or one of the `with_…` keywords. */
export function readLoop(keywords: Keywords, source: unknown, findings: Findings): Task['loop'] {
  const given = Object.keys(keywords).filter((key) => key === 'loop' || key.startsWith('with_'));
  const [key, second] = given;
  if (key === undefined) return undefined;
  if (second !== undefined) {
    findings.error(
      'two-loops',
      `a task has one loop, this one has "${key}" and "${second}"`,
      keySpanOf(source, second),
    );
  }
  const span = spanOf(source, key);
  if (key === 'with_sequence') checkSequence(keywords[key], source, findings);
  return { flavour: key.replace(/^with_/, ''), value: keywords[key], span };
}

const sequenceOptions = new Set(['start', 'end', 'count', 'stride', 'format']);

function checkSequence(value: unknown, source: unknown, findings: Findings): void {
  if (typeof value !== 'string' || !value.includes('=')) return;
  const parsed = parseKeyValues(value);
  const span = spanOf(source, 'with_sequence');
  if (!('entries' in parsed)) {
    findings.error('wrong-free-form', `with_sequence: ${parsed.problem}`, span, 'like `start=1 end=5`');
    return;
  }
  for (const { name } of parsed.entries) {
    if (!sequenceOptions.has(name)) {
      findings.error(
        'unknown-argument',
        `with_sequence does not know "${name}"`,
        span,
        `it takes: ${[...sequenceOptions].join(', ')}`,
      );
    }
  }
}

export function readLoopControl(value: unknown, findings: Findings): LoopControl {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return plainLoop;
  const control = readKeywords('loop_control', value, value as Keywords, findings);
  const name = (key: string): string | undefined => {
    const written = control[key];
    if (typeof written !== 'string') return undefined;
    checkName(written, key, spanOf(value, key), findings);
    return written;
  };
  const read: LoopControl = {
    loopVar: name('loop_var') ?? 'item',
    indexVar: name('index_var'),
    label: control.label,
    pause: control.pause,
    extended: control.extended === true,
  };
  copyPlaces(value, read, new Map(Object.keys(control).map((key) => [key, key])));
  return read;
}
