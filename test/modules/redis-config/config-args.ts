import type { ConfigArgs } from '../../../src/modules/redis_config.ts';

export const path = '/etc/redis/7000/redis.conf';

/** What `redis_config` gets for one node when nothing is asked of it. */
export const configArgs: ConfigArgs = {
  path,
  port: 7000,
  settings: {},
  settings_if_known: {},
  prefix: '/opt/redis',
  version: '7.0.15',
  flavor: 'redis',
  mode: '0640',
  rolling: false,
  host: 'h1',
  at: '10.0.0.1',
};
