-- Appends the events of a delivery that were not seen before.
--
-- Redis rolls nothing back when a script ends half-way. So an event is appended before it is marked as seen: what ends
-- between the two leaves an event that may come twice, never a mark without its event.
--
-- KEYS: the stream, and the mark of each event
-- ARGV: milliseconds a mark lives, entries that the stream may hold; then for each event how many arguments follow, and those
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
