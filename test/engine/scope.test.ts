import { describe, expect, it } from 'vitest';
import { HostState } from '../../src/engine/host-state.ts';
import { HostScope, NotYetKnown, type ScopeParts } from '../../src/engine/scope.ts';
import { sshOptions } from '../../src/engine/target.ts';

const layer = (vars: Record<string, unknown>) => ({ origin: 'test', vars });

function scopeOf(parts: Partial<ScopeParts> = {}): HostScope {
  return new HostScope({
    host: new HostState('h1'),
    defaults: [],
    inventory: [],
    play: () => [],
    task: [],
    params: [],
    role: undefined,
    extra: layer({}),
    local: new Map(),
    magic: () => undefined,
    magicNames: [],
    pending: undefined,
    onSecret: () => undefined,
    baseDir: undefined,
    depth: 0,
    ...parts,
  });
}

describe('variables of a task on a host', () => {
  it('win in the order of levels', () => {
    const host = new HostState('h1');
    host.facts = { level: 'fact' };
    host.setFacts.set('ansible_level', 'set_fact');
    const levels = [
      { local: new Map([['ansible_level', 'loop']]) },
      { extra: layer({ ansible_level: 'extra' }) },
      {},
      { host: Object.assign(new HostState('h1'), { facts: host.facts }), task: [layer({ ansible_level: 'task' })] },
      {
        host: Object.assign(new HostState('h1'), { facts: host.facts }),
        task: [],
        play: () => [layer({ ansible_level: 'play' })],
      },
      { host: Object.assign(new HostState('h1'), { facts: host.facts }) },
    ];
    const below = { host, inventory: [layer({ ansible_level: 'low' }), layer({ ansible_level: 'inventory' })] };
    expect(levels.map((level) => scopeOf({ ...below, ...level }).lookup('ansible_level'))).toEqual([
      'loop',
      'extra',
      'set_fact',
      'task',
      'play',
      'fact',
    ]);
    expect(scopeOf({ ...below, host: new HostState('h1') }).lookup('ansible_level')).toBe('inventory');
  });

  it('are rendered where they are used, and what a host said is not', () => {
    const host = new HostState('h1');
    host.setFacts.set('said', '{{ who }}');
    const scope = scopeOf({ host, inventory: [layer({ who: 'me', greeting: 'hello {{ who }}', echo: '{{ said }}' })] });
    expect(scope.lookup('greeting')).toBe('hello me');
    expect(scope.lookup('said')).toBe('{{ who }}');
    expect(scope.lookup('echo')).toBe('{{ who }}');
  });

  it('name one that refers to itself instead of running for ever', () => {
    const scope = scopeOf({ play: () => [layer({ a: '{{ b }}', b: '{{ a }}' })] });
    expect(() => scope.lookup('a')).toThrow(/refers to itself/);
  });

  it('never let facts choose a connection', () => {
    const host = new HostState('h1');
    host.facts = { host: 'evil.example', become: true };
    const scope = scopeOf({ host, inventory: [layer({ ansible_user: 'ops' })] });
    expect(scope.lookup('ansible_host')).toBe('evil.example');
    expect(scope.lookupTrusted('ansible_host')).toBeUndefined();
    expect(scope.lookupTrusted('ansible_become')).toBeUndefined();
    expect(scope.lookupTrusted('ansible_user')).toBe('ops');
  });

  it('end a fused read where a name is yet to be set, and not later', () => {
    const pending = new Set(['later']);
    const scope = scopeOf({ pending, inventory: [layer({ later: 'old', uses: '{{ later }}' })] });
    expect(() => scope.lookup('uses')).toThrow(NotYetKnown);
    pending.clear();
    expect(scope.lookup('uses')).toBe('old');
  });

  it('tell secrets by their names', () => {
    const secrets: string[] = [];
    const scope = scopeOf({
      onSecret: (value) => secrets.push(value),
      inventory: [layer({ redis_password: 'hunter22', port: '7000' })],
    });
    scope.lookup('redis_password');
    scope.lookup('port');
    expect(secrets).toEqual(['hunter22']);
  });
});

describe('ssh arguments', () => {
  it('are taken where they can be honoured', () => {
    expect(sshOptions('-o UserKnownHostsFile=/tmp/k -oPort=2222', '-J bastion')).toEqual({
      UserKnownHostsFile: '/tmp/k',
      Port: '2222',
      ProxyJump: 'bastion',
    });
    expect(sshOptions("-o 'ConnectTimeout 5'", undefined)).toEqual({ ConnectTimeout: '5' });
  });

  it('are refused by name where they cannot', () => {
    expect(() => sshOptions('-X')).toThrow(/'-X' cannot be honoured/);
  });
});
