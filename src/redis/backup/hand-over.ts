import type { SeenNode } from '../node/observe.ts';

/**
 * Runs in a server that is no cluster and has loaded a shard's file: hands the next keys to the masters that own their slots,
 * with MIGRATE, so that keys of any bytes and their times to live go from server to server and never through this machine.
 *
 * ARGV: cursor, keys to look at, milliseconds, `REPLACE` or nothing, user, password, then first slot, last slot, address and port
 * of each range in ascending order. Reply: next cursor, keys handed over, first error or nothing.
 */
const SCRIPT = `
if redis.replicate_commands then redis.replicate_commands() end
local crc_of = {}
for byte = 0, 255 do
  local crc = bit.lshift(byte, 8)
  for _ = 1, 8 do
    local high = bit.band(crc, 0x8000)
    crc = bit.lshift(crc, 1)
    if high ~= 0 then crc = bit.bxor(crc, 0x1021) end
  end
  crc_of[byte] = bit.band(crc, 0xffff)
end
local function slot_of(key)
  local from = string.find(key, '{', 1, true)
  local to = from and string.find(key, '}', from + 1, true)
  if to and to > from + 1 then key = string.sub(key, from + 1, to - 1) end
  local crc = 0
  for at = 1, #key do
    local byte = bit.bxor(bit.rshift(crc, 8), string.byte(key, at))
    crc = bit.bxor(bit.band(bit.lshift(crc, 8), 0xffff), crc_of[byte])
  end
  return crc % 16384
end
local function owner_of(slot)
  local low, high = 0, (#ARGV - 6) / 4 - 1
  while low <= high do
    local middle = math.floor((low + high) / 2)
    local at = 7 + middle * 4
    if slot < tonumber(ARGV[at]) then high = middle - 1
    elseif slot > tonumber(ARGV[at + 1]) then low = middle + 1
    else return ARGV[at + 2], ARGV[at + 3] end
  end
end
local scanned = redis.call('SCAN', ARGV[1], 'COUNT', ARGV[2])
local batches = {}
for _, key in ipairs(scanned[2]) do
  local address, port = owner_of(slot_of(key))
  if not address then return {scanned[1], 0, 'no master owns slot ' .. slot_of(key)} end
  local name = port .. ' ' .. address
  if not batches[name] then batches[name] = {address = address, port = port, keys = {}} end
  table.insert(batches[name].keys, key)
end
local done = 0
for _, batch in pairs(batches) do
  local words = {'MIGRATE', batch.address, batch.port, '', '0', ARGV[3], 'COPY'}
  if ARGV[4] ~= '' then table.insert(words, ARGV[4]) end
  if ARGV[5] ~= '' then
    table.insert(words, 'AUTH2'); table.insert(words, ARGV[5]); table.insert(words, ARGV[6])
  elseif ARGV[6] ~= '' then
    table.insert(words, 'AUTH'); table.insert(words, ARGV[6])
  end
  table.insert(words, 'KEYS')
  for _, key in ipairs(batch.keys) do table.insert(words, key) end
  local reply = redis.pcall(unpack(words))
  if reply.err then return {scanned[1], done, batch.address .. ':' .. batch.port .. ' said: ' .. reply.err} end
  done = done + #batch.keys
end
return {scanned[1], done, ''}
`;

export interface HandOver {
  readonly masters: readonly SeenNode[];
  readonly auth: { readonly username?: string; readonly password: string } | undefined;
  /** Keys that an interrupted restore has brought already are replaced by themselves. */
  readonly replace: boolean;
  readonly timeoutMs: number;
}

/** Keys for one call: few, so that a call ends soon and tells how far it came. */
const KEYS_AT_ONCE = 200;

export function handOverCommand(cursor: string, { masters, auth, replace, timeoutMs }: HandOver): string[] {
  const ranges = masters
    .flatMap(({ node, self }) => self.slots.map(([first, last]) => ({ first, last, node })))
    .toSorted((a, b) => a.first - b.first);
  return [
    'EVAL',
    SCRIPT,
    '0',
    cursor,
    String(KEYS_AT_ONCE),
    String(timeoutMs),
    replace ? 'REPLACE' : '',
    auth?.username ?? '',
    auth?.password ?? '',
    ...ranges.flatMap(({ first, last, node }) => [String(first), String(last), node.address, String(node.port)]),
  ];
}
