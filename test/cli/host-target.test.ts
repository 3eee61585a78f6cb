import { expect, it } from 'vitest';
import { becomeRoot, hostTarget } from '../../src/cli/host-target.ts';
import { loadInventory } from '../../src/inventory/inventory.ts';

const inventory = await loadInventory(['h1,']);
const become = (vars: Record<string, unknown>, asked?: { password: string | undefined }, user = 'deploy') => {
  const extra = { vars, origin: '-e' };
  return becomeRoot(inventory, hostTarget(inventory, 'h1', extra, 1000, { user }), extra, asked);
};

it('becomes root as the variables say, where that is asked for', () => {
  expect(become({})).toBeUndefined();
  expect(become({}, { password: 'asked' })).toEqual({ method: 'sudo', user: 'root', password: 'asked' });
  const su = { ansible_become_method: 'su', ansible_become_password: 'given' };
  expect(become(su, { password: 'asked' })).toEqual({ method: 'su', user: 'root', password: 'given' });
  expect(become({ ...su, ansible_become: true })).toEqual({ method: 'su', user: 'root', password: 'given' });
  expect(become({ ...su, ansible_become: false }, { password: 'asked' })).toBeUndefined();
});

it('stays who it is where root logs in, and refuses a way that it does not know', () => {
  expect(become({ ansible_become_method: 'su' }, { password: undefined }, 'root')).toBeUndefined();
  expect(() => become({ ansible_become_method: 'pbrun' }, { password: undefined })).toThrow('pbrun');
});
