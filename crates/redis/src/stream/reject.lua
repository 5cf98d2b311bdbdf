-- Writes the dead letter before it settles the entry: a stop between the two leaves the entry
-- pending instead of losing it.
--
-- KEYS: the stream, the deferred entries, the dead letters
-- ARGV: group, consumer, id, tries
if not is_leased(KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]) then
  return 0
end
local entry = redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3])[1]
if entry then
  local fields = entry[2]
  for _, more in ipairs({ 'rejected_by', ARGV[1], 'rejected_id', ARGV[3], 'rejected_tries', ARGV[4] }) do
    fields[#fields + 1] = more
  end
  redis.call('XADD', KEYS[3], '*', unpack(fields))
end
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
redis.call('ZREM', KEYS[2], ARGV[3])
release(KEYS[1], { ARGV[3] })
return 1
