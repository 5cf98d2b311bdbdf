-- Appends the events of a delivery that were not seen before.
--
-- Redis does not roll back a script that stops half-way. So each event is appended before its seen
-- key is set: a stop between the two may repeat an event, but never loses one.
--
-- KEYS: the stream, and the seen key of each event
-- ARGV: milliseconds a seen key lives, limit of the stream's entries; then for each event the
-- number of its arguments, and those
local added, at = 0, 3
for i = 2, #KEYS do
  local last = at + tonumber(ARGV[at])
  if redis.call('EXISTS', KEYS[i]) == 0 then
    if added == 0 and redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[2]) then
      return -1
    end
    redis.call('XADD', KEYS[1], '*', unpack(ARGV, at + 1, last))
    redis.call('SET', KEYS[i], '1', 'PX', ARGV[1])
    added = added + 1
  end
  at = last + 1
end
return added
