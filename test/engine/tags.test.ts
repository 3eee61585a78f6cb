import { describe, expect, it } from 'vitest';
import { isSelected } from '../../src/engine/tags.ts';

/** [task's tags, --tags, --skip-tags, runs] as ansible-core 2.14 answers. */
const cases: [string[], string[], string[], boolean][] = [
  [[], [], [], true],
  [['a'], [], [], true],
  [['never'], [], [], false],
  [['never', 'a'], ['a'], [], true],
  [['never'], ['never'], [], true],
  [['never', 'a'], ['all'], [], false],
  [['a'], ['b'], [], false],
  [['a', 'b'], ['b'], [], true],
  [[], ['a'], [], false],
  [['always'], ['a'], [], true],
  [['always'], [], ['always'], false],
  [['always', 'z'], [], ['z'], false],
  [['a'], [], ['a'], false],
  [[], ['untagged'], [], true],
  [['a'], ['untagged'], [], false],
  [['a'], ['tagged'], [], true],
  [[], ['tagged'], [], false],
  [['never'], ['tagged'], [], false],
  [['a'], [], ['tagged'], false],
  [[], [], ['untagged'], false],
  [['a'], [], ['all'], false],
  [['always'], [], ['all'], true],
];

describe('tag selection', () => {
  it.each(cases)('%j with --tags %j --skip-tags %j: %s', (tags, only, skip, runs) => {
    expect(isSelected(tags, only, skip)).toBe(runs);
  });
});
