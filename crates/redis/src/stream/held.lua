-- Whether an entry is still the consumer's who was handed it: nobody took it over, nor did that consumer again.
local function is_held(stream, group, consumer, id, tries)
  local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
  return pending and pending[2] == consumer and pending[4] == tonumber(tries)
end

