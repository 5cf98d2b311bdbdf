-- KEYS: the stream, the deferred entries
-- ARGV: group, ids
local ids = { unpack(ARGV, 2) }
redis.call('XACK', KEYS[1], ARGV[1], unpack(ids))
redis.call('ZREM', KEYS[2], unpack(ids))
if redis.call('EXISTS', KEYS[1]) == 1 then
  release(KEYS[1], ids)
end
return 1
