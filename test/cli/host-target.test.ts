import { expect, it } from 'vitest';
import { becomeRoot, hostTarget } from '../../src/cli/host-target.ts';
import { loadInventory } from '../../src/inventory/inventory.ts';

const inventory = await loadInventory(['h1,']);
const become = (vars: Record<string, unknown>, given: { become?: true; password?: string } = {}, user = 'deploy') => {
  const asked = { become: false, password: undefined, ...given };
  const extra = { vars, origin: '-e' };
  return becomeRoot(inventory, hostTarget(inventory, 'h1', extra, 1000, { user }), extra, asked);
};

it('becomes root as the variables say, where that is asked for', () => {
  expect(become({})).toBeUndefined();
  expect(become({}, { become: true, password: 'asked' })).toEqual({ method: 'sudo', user: 'root', password: 'asked' });
  const su = { ansible_become_method: 'su', ansible_become_password: 'given' };
  expect(become(su, { become: true, password: 'asked' })).toEqual({ method: 'su', user: 'root', password: 'given' });
  expect(become({ ...su, ansible_become: true })).toEqual({ method: 'su', user: 'root', password: 'given' });
  expect(become({ ...su, ansible_become: false }, { become: true, password: 'asked' })).toBeUndefined();
});

it('takes the password that was asked for wherever a variable makes it root', () => {
  expect(become({ ansible_become: true }, { password: 'asked' })).toEqual({
    method: 'sudo',
    user: 'root',
    password: 'asked',
  });
  expect(become({}, { password: 'asked' })).toBeUndefined();
});

it('becomes root by the program and with the options that the variables name, as a run does', () => {
  const words = { ansible_become_exe: '/opt/bin/sudo', ansible_become_flags: '-H -n', ansible_become_user: 'postgres' };
  expect(become(words, { become: true })).toEqual({
    ...{ method: 'sudo', user: 'root', password: undefined },
    ...{ exe: ['/opt/bin/sudo'], flags: ['-H', '-n'] },
  });
  expect(() => become({ ansible_become_flags: '-i' }, { become: true })).toThrow('-i');
});

it('stays who it is where root logs in, and refuses a way that it does not know', () => {
  expect(become({ ansible_become_method: 'su' }, { become: true }, 'root')).toBeUndefined();
  expect(() => become({ ansible_become_method: 'pbrun' }, { become: true })).toThrow('pbrun');
});
