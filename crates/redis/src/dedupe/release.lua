-- KEYS: of events that the inner sink has not taken. ARGV: the claim's token.
-- What is somebody else's by now, or done, stays.
local released = 0
for _, key in ipairs(KEYS) do
    if redis.call('GET', key) == ARGV[1] then
        released = released + redis.call('DEL', key)
    end
end
return released
