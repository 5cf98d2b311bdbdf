-- KEYS: the keys of a delivery's events. ARGV: the claim's token, its duration in milliseconds.
-- Returns one digit per event, 1 for claimed and 0 for done. Returns nil and changes nothing if one
-- is in flight elsewhere. Idempotent for the same token.
local found = {}
for i, key in ipairs(KEYS) do
    found[i] = redis.call('GET', key)
    if found[i] and found[i] ~= 'done' and found[i] ~= ARGV[1] then
        return false
    end
end

local ours, seen = {}, {}
for i, key in ipairs(KEYS) do
    -- If two events share a key, the second is a duplicate of the first.
    if found[i] == 'done' or seen[key] then
        ours[i] = '0'
    else
        redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
        ours[i] = '1'
    end
    seen[key] = true
end
return table.concat(ours)
