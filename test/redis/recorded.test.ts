import { readdirSync, readFileSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { parseAnswers } from '../../src/modules/redis-build/directives-json.ts';
import { DirectiveNames } from '../../src/modules/redis-config/directive-names.ts';
import { queryNode } from '../../src/redis/node/client.ts';
import type { RespValue } from '../../src/redis/node/contract.ts';
import { type SeenNode, viewOf } from '../../src/redis/node/observe.ts';
import { errorIn } from '../../src/redis/node/resp.ts';
import { judgeSetSlotError } from '../../src/redis/slots/set-slot.ts';
import { formatSlots } from '../../src/redis/slots/slots.ts';

/**
 * What a server really said: three masters and a replica of the first on one machine, slot 100 on its way from the first to the
 * second and slot 200 to the second, the key foo in slot 12182 of the third.
 */
interface Recording {
  /** `redis 4.0.7` */
  readonly server: string;
  /** Replies to the questions of an observation, in its order. */
  readonly views: Readonly<Record<'master' | 'taker' | 'keeper' | 'replica', RespValue[]>>;
  readonly replies: Readonly<Record<string, RespValue>>;
}

const directory = new URL('./replies/', import.meta.url);
const recordings = readdirSync(directory).map(
  (name) => JSON.parse(readFileSync(new URL(name, directory), 'utf8')) as Recording,
);

function seen(replies: RespValue[], port: number): SeenNode {
  const view = viewOf({ host: 'h1', address: '127.0.0.1', port }, { ok: true, replies });
  if (!view.seen) throw new Error(view.problem);
  return view;
}

/** A node that answers each thing that it is sent with the next of these. */
async function asked(commands: string[][], answers: string[], password?: string) {
  const stream = new Duplex({
    read: () => undefined,
    write(_chunk, _encoding, done) {
      done();
      const answer = answers.shift();
      if (answer !== undefined) this.push(answer);
    },
  });
  const auth = password === undefined ? undefined : { password };
  return await queryNode(async () => stream, { via: 'here', address: '127.0.0.1', port: 1, auth, commands });
}

describe.each(recordings)('$server, as recorded', ({ server, views, replies }) => {
  const [flavor = '', version = ''] = server.split(' ');
  const errorOf = (name: string): string => errorIn(replies[name] ?? null) ?? `no error was recorded for ${name}`;

  it('shows its nodes: version, roles, links, slots, settings', () => {
    const [master, taker, keeper, replica] = (['master', 'taker', 'keeper', 'replica'] as const).map((name, index) =>
      seen(views[name], 21451 + index),
    );
    for (const view of [master, taker, keeper, replica]) {
      expect(view).toMatchObject({ flavor, version, stateOk: true, nodeTimeoutMs: 5000, disklessDelay: 0 });
      expect(view?.perishable).toBeUndefined();
      expect(view?.others).toHaveLength(3);
      expect(view?.runId).toMatch(/^[0-9a-f]{40}$/);
    }
    const slots = [master, taker, keeper].map((view) => formatSlots(view?.self.slots ?? []));
    expect(slots).toEqual(['0-5460', '5461-10922', '10923-16383']);
    expect([...(master?.self.migrating ?? [])]).toEqual([[100, taker?.self.id]]);
    expect([...(taker?.self.importing ?? [])]).toEqual([[200, master?.self.id]]);
    expect([master?.role, replica?.role, replica?.linkUp]).toEqual(['master', 'replica', true]);
    expect(replica?.self.masterId).toBe(master?.self.id);
    expect([master?.keys, keeper?.keys]).toEqual([0, 1]);
    expect(master?.others.map(({ port }) => port).sort()).toEqual([21452, 21453, 21454]);
  });

  it('refuses SETSLOT in words that are understood', () => {
    expect(judgeSetSlotError(errorOf('replica: CLUSTER SETSLOT 5 STABLE'))).toBe('replica');
    for (const name of [
      `CLUSTER SETSLOT 5 NODE ${'0'.repeat(40)}`,
      'CLUSTER SETSLOT 9 IMPORTING ID',
      'CLUSTER SETSLOT 16000 MIGRATING ID',
      'keeper: CLUSTER SETSLOT 12182 NODE ID',
    ])
      expect(judgeSetSlotError(errorOf(name)), name).toBe('changed');
  });

  it('refuses a login, or has no password, in words that are understood', async () => {
    const wrong = await asked([['PING']], [`-${errorOf('password set: AUTH wrong')}\r\n`], 'wrong');
    expect(wrong).toMatchObject({ ok: false, kind: 'auth' });
    const without = await asked([['PING']], [`-${errorOf('password set: PING')}\r\n`]);
    expect(without).toMatchObject({ ok: false, kind: 'auth' });
    const needless = await asked([['PING']], [`-${errorOf('AUTH x')}\r\n`, '+PONG\r\n'], 'x');
    expect(needless).toEqual({ ok: true, replies: ['PONG'] });
  });

  it('knows the directives by the names that we write, and says which cannot be set', () => {
    const names = new DirectiveNames(undefined, flavor, version);
    const listed = ['replica-priority', 'slave-priority'].find((name) => {
      const reply = replies[`CONFIG GET ${name}`];
      return Array.isArray(reply) && reply.length > 0;
    });
    expect(names.resolve('replica-priority')).toBe(listed);
    const said = `nosuch\n1\n--\nrcdeploy:nosuch\n(error) ${errorOf('CONFIG SET nosuch 1')}\n`;
    expect(parseAnswers(said).fixed).toContain('nosuch');
  });
});
