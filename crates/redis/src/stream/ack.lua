-- KEYS: the stream, the deferred entries
-- ARGV: group, id
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[2])
if redis.call('EXISTS', KEYS[1]) == 1 then
  release(KEYS[1], ARGV[2])
end
return 1
