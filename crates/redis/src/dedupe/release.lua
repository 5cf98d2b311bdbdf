-- KEYS: the keys of events that the inner sink has not accepted. ARGV: the claim's token.
-- Keys that are done or claimed by another request stay.
local released = 0
for _, key in ipairs(KEYS) do
    if redis.call('GET', key) == ARGV[1] then
        released = released + redis.call('DEL', key)
    end
end
return released
