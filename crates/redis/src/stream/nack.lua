-- KEYS: the stream, the deferred entries
-- ARGV: group, consumer, id, tries, milliseconds
if not is_leased(KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]) then
  return 0
end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[5], ARGV[3])
return 1
