import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { canonicalRules } from '../../../src/modules/redis-config/acl-rules.ts';
import type { NodeLink } from '../../../src/redis/node/contract.ts';
import { compareVersions } from '../../../src/redis/versions/server-version.ts';
import { askKept, command, Servers } from '../../redis/servers.ts';

const port = 21391;
const servers = new Servers();
let link: NodeLink;
/** Whether the server tells rules for commands as it was told. */
let commands: boolean;

beforeAll(async () => {
  await servers.start(port, [], false);
  link = await askKept({ via: 'here', address: '127.0.0.1', port });
  const info = String(await command(port, ['INFO', 'server']));
  commands = compareVersions(/redis_version:(\S+)/.exec(info)?.[1] ?? '', '7.2') >= 0;
});
afterAll(async () => {
  link?.close();
  await servers.stopAll();
});

/** What the server says of a user that it was just told of; undefined when it refuses a rule. */
async function toldBack(words: readonly string[]): Promise<string[] | undefined> {
  const [told, list] = await link.send([
    ['ACL', 'SETUSER', 'someone', 'reset', ...words],
    ['ACL', 'LIST'],
  ]);
  if (told !== 'OK') return undefined;
  const line = (list as string[]).find((one) => one.startsWith('user someone '));
  return line?.split(' ').slice(2);
}

const COMMANDS = ['@all', '@read', '@write', '@dangerous', 'get', 'GET', 'config', 'config|get', 'cluster|slots'];
const simple = fc.oneof(
  fc.tuple(fc.constantFrom('+', '-'), fc.constantFrom(...COMMANDS)).map((parts) => parts.join('')),
  fc.constantFrom('allcommands', 'nocommands', 'allkeys', 'resetkeys', 'allchannels', 'resetchannels', '~*', '&*'),
  fc.constantFrom('~app:*', '~b', '%R~app:*', '%RW~c', '%WR~d', '%RW~*', '&news:*', '&x'),
);
const selector = fc.array(simple, { minLength: 1, maxLength: 3 }).map((words) => `(${words.join(' ')})`);
const own = fc.constantFrom(
  'on',
  'off',
  'nopass',
  'resetpass',
  '>a',
  'reset',
  'clearselectors',
  'skip-sanitize-payload',
);
const rules = fc.array(fc.oneof({ weight: 6, arbitrary: simple }, own, selector), { maxLength: 8 });

it.each(['resetchannels', 'allchannels'])(
  'rules mean what the server makes of them, with %s to begin with',
  async (channels) => {
    await command(port, ['CONFIG', 'SET', 'acl-pubsub-default', channels]);
    const form = { allChannels: channels === 'allchannels', commands };
    let compared = 0;
    await fc.assert(
      fc.asyncProperty(rules, async (words) => {
        const told = await toldBack(words);
        if (told === undefined) return;
        compared += 1;
        expect(canonicalRules(told, form), told.join(' ')).toBe(canonicalRules(words, form));
      }),
      { numRuns: 1500 },
    );
    expect(compared).toBeGreaterThan(300);
  },
);

it('a rule more, less or another one is another user', async () => {
  const words = ['on', '>a', '~app:*', '+@read', '(~b +get)'];
  const form = { allChannels: false, commands };
  const was = canonicalRules((await toldBack(words)) ?? [], form);
  const other = ['~b', '&x', 'resetkeys', 'nopass', 'clearselectors'];
  for (const change of commands ? ['+@write', '-get', ...other] : other)
    expect(canonicalRules((await toldBack([...words, change])) ?? [], form), change).not.toBe(was);
});
