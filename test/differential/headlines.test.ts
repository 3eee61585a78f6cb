import { expect, it } from 'vitest';
import { headlines } from './headlines.ts';

it('hosts that include the same come in any order, with the item of a loop behind them', () => {
  const told = (hosts: string) => headlines(`TASK [a]\nincluded: /case/a.yml for ${hosts}\n`, []);
  expect(told('h2, h1 => (item=2)')).toEqual(['TASK [a]', 'included: /case/a.yml for h1, h2 => (item=2)']);
  expect(told('h2, h1')).toEqual(told('h1, h2'));
  expect(told('h1 => (item=1)')).not.toEqual(told('h1 => (item=2)'));
});
