import { expect, test } from 'vitest';
import { validators } from '../../src/playbook/generated/validators.ts';
import { countCharacters } from '../../src/playbook/validator.ts';

test('validators are compiled from the schemas', () => {
  const validate = validators.file;
  expect(validate?.({ path: '/a', state: 'directory' })).toBe(true);
  expect(validate?.({ path: '/a', state: 'directry' })).toBe(false);
  expect(validate?.errors?.map(({ instancePath, keyword }) => ({ instancePath, keyword }))).toEqual([
    { instancePath: '/state', keyword: 'enum' },
  ]);
});

test('lengths count characters', () => {
  expect(countCharacters('a😀')).toBe(2);
});
