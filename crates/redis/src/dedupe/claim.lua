-- KEYS: of a delivery's events. ARGV: the claim's token, for how many milliseconds it lasts.
-- Answers with a 1 for each event that is now the claim's own and a 0 for each that is done, or with nil, and nothing changed,
-- when one is in flight elsewhere. Asked again with the same token it answers the same.
local found = {}
for i, key in ipairs(KEYS) do
    found[i] = redis.call('GET', key)
    if found[i] and found[i] ~= 'done' and found[i] ~= ARGV[1] then
        return false
    end
end

local ours, seen = {}, {}
for i, key in ipairs(KEYS) do
    -- The second of two events with one key is the first one's duplicate.
    if found[i] == 'done' or seen[key] then
        ours[i] = '0'
    else
        redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
        ours[i] = '1'
    end
    seen[key] = true
end
return table.concat(ours)
