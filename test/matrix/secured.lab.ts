import { afterAll, expect, it } from 'vitest';
import type { Lab } from '../../src/lab/contract.ts';
import { NEWEST_VALKEY_MAKE_ARGS, newestValkeySource, type ServerSource, valkeySource } from '../redis-source.ts';
import { Authority } from '../secured/certificates.ts';
import { journey } from './journey.ts';

const PASSWORD = 'open-sesame-0815';
const APP = { password: 'app-secret-4711', rules: '~key:* +@read +@write +cluster|slots' };
/** Certificates and keys of a node, where cluster.yml puts them. */
const PEM = '--cacert /etc/redis/6379/ca-*.pem --cert /etc/redis/6379/node-*.pem --key /etc/redis/6379/node-*.pem';

let authority: Authority | undefined;
afterAll(() => authority?.remove());

async function certify(lab: Lab): Promise<void> {
  const made = await Authority.named('matrix');
  authority = made;
  await Promise.all(lab.hosts.map(({ name, address, address6 }) => made.issue(name, [address, address6])));
}

function certificates(): Record<string, string> {
  const text = (file: string): string => `{{ lookup('file', '${authority?.directory}/' ~ ${file}) }}`;
  return {
    ca: text("'ca.crt'"),
    cert: text("inventory_hostname ~ '.crt'"),
    key: text("inventory_hostname ~ '.key'"),
  };
}

/** Without Valkey 9 the journey is one of Valkey 8.1, whose slots move key by key. */
async function newest(): Promise<ServerSource> {
  return await newestValkeySource().catch(async (error: unknown) => {
    console.log(`Valkey 8.1 instead of Valkey 9: ${error instanceof Error ? error.message : String(error)}`);
    return await valkeySource();
  });
}

journey(
  'Valkey 9 with a password, ACL users and TLS',
  {
    name: 'secured',
    source: newest,
    prepare: certify,
    vars: () => ({
      redis_username: 'keeper',
      redis_password: PASSWORD,
      redis_acl_users: { app: APP },
      redis_tls: certificates(),
      redis_make_args: NEWEST_VALKEY_MAKE_ARGS,
    }),
    cliOptions: (host) => `-h ${host.address} --tls ${PEM} --user keeper --pass ${PASSWORD} --no-auth-warning`,
  },
  (site, shape) => {
    it('speaks TLS to clients, replicas and on the bus, and knows its users', async () => {
      for (const name of ['tls-cluster', 'tls-replication']) {
        expect(new Set(await site().askAll(shape, `CONFIG GET ${name}`))).toEqual(new Set([`${name}\nyes`]));
      }
      expect(new Set(await site().askAll(shape, 'CONFIG GET port'))).toEqual(new Set(['port\n0']));
      for (const users of await site().askAll(shape, 'ACL LIST')) expect(users).toMatch(/^user app on .*~key:\*/m);
      const app = `--user app --pass ${APP.password}`;
      expect((await site().askAll(shape, `${app} GET other`)).every((reply) => reply.startsWith('NOPERM'))).toBe(true);
      for (const info of await site().askAll(shape, 'INFO replication')) {
        expect(info).toMatch(/role:master\s+connected_slaves:1|master_link_status:up/);
      }
    });
  },
);
