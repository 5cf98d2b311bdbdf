-- Returns whether this consumer still leases the entry with this attempt count. If not, another
-- consumer has taken it over, or this one has received it again.
local function is_leased(stream, group, consumer, id, tries)
  local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
  return pending and pending[2] == consumer and pending[4] == tonumber(tries)
end

