-- Returns entries that the app did not see. Their fetch does not count as an attempt.
--
-- An entry that was fetched alone stays with the unsettled entries, so that it is fetched alone
-- again. Others are due at once.
--
-- KEYS: the stream, the deferred entries
-- ARGV: group, consumer, milliseconds after which an entry is stale; then for each entry its id, its
-- attempts, and 'alone' or 'due'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for at = 4, #ARGV, 3 do
  local id, tries = ARGV[at], ARGV[at + 1]
  if is_leased(KEYS[1], ARGV[1], ARGV[2], id, tries) then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, 'IDLE', ARGV[3], 'RETRYCOUNT', tries - 1, 'JUSTID')
    if ARGV[at + 2] == 'due' then
      redis.call('ZADD', KEYS[2], now, id)
    end
  end
end
return 1
