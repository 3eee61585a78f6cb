/** Commands of Redis and Valkey that the server itself flags as readonly, and those of operators that only tell something. */
const READING = new Set(
  `BITCOUNT BITFIELD_RO BITPOS DBSIZE DUMP EVALSHA_RO EVAL_RO EXISTS EXPIRETIME FCALL_RO GEODIST GEOHASH GEOPOS
  GEORADIUSBYMEMBER_RO GEORADIUS_RO GEOSEARCH GET GETBIT GETRANGE HEXISTS HEXPIRETIME HGET HGETALL HKEYS HLEN HMGET HPEXPIRETIME
  HPTTL HRANDFIELD HSCAN HSTRLEN HTTL HVALS KEYS LCS LINDEX LLEN LOLWUT LPOS LRANGE MGET PEXPIRETIME PFCOUNT PTTL RANDOMKEY SCAN
  SCARD SDIFF SINTER SINTERCARD SISMEMBER SMEMBERS SMISMEMBER SORT_RO SRANDMEMBER SSCAN STRLEN SUBSTR SUNION TTL TYPE XLEN
  XPENDING XRANGE XREAD XREVRANGE ZCARD ZCOUNT ZDIFF ZINTER ZINTERCARD ZLEXCOUNT ZMSCORE ZRANDMEMBER ZRANGE ZRANGEBYLEX
  ZRANGEBYSCORE ZRANK ZREVRANGE ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE ZUNION
  COMMAND ECHO INFO LASTSAVE PING PUBSUB ROLE TIME XINFO`.split(/\s+/),
);

/** Commands with subcommands, of which only these read. */
const READING_SUBCOMMANDS: Readonly<Record<string, readonly string[]>> = {
  ACL: ['CAT', 'DRYRUN', 'GETUSER', 'LIST', 'USERS', 'WHOAMI'],
  CLIENT: ['GETNAME', 'ID', 'INFO', 'LIST'],
  CLUSTER: [
    'COUNT-FAILURE-REPORTS',
    'COUNTKEYSINSLOT',
    'GETKEYSINSLOT',
    'GETSLOTMIGRATIONS',
    'INFO',
    'KEYSLOT',
    'LINKS',
    'MYID',
    'MYSHARDID',
    'NODES',
    'REPLICAS',
    'SHARDS',
    'SLAVES',
    'SLOT-STATS',
    'SLOTS',
  ],
  CONFIG: ['GET'],
  FUNCTION: ['DUMP', 'LIST', 'STATS'],
  LATENCY: ['DOCTOR', 'GRAPH', 'HISTOGRAM', 'HISTORY', 'LATEST'],
  MEMORY: ['DOCTOR', 'MALLOC-STATS', 'STATS', 'USAGE'],
  MODULE: ['LIST'],
  OBJECT: ['ENCODING', 'FREQ', 'IDLETIME', 'REFCOUNT'],
  SCRIPT: ['EXISTS'],
  SLOWLOG: ['GET', 'LEN'],
};

/** Whether a command leaves the node as it is. What is not known counts as a change. */
export function onlyReads(words: readonly string[]): boolean {
  const [name = '', sub = ''] = words.map((word) => word.toUpperCase());
  return READING.has(name) || (READING_SUBCOMMANDS[name]?.includes(sub) ?? false);
}

const WITHOUT_ONE_REPLY = new Set([
  'HELLO',
  'MONITOR',
  'PSUBSCRIBE',
  'PSYNC',
  'QUIT',
  'RESET',
  'SSUBSCRIBE',
  'SUBSCRIBE',
  'SYNC',
]);

/** Commands that turn the connection into something else than a question with one answer. */
export function hasNoReply(words: readonly string[]): boolean {
  return WITHOUT_ONE_REPLY.has((words[0] ?? '').toUpperCase());
}
