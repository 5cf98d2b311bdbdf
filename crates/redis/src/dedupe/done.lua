-- KEYS: of events that the inner sink has taken. ARGV: the claim's token, for how many milliseconds they are remembered.
-- Answers how many of them were not under that claim any more.
--
-- Done is done, whoever holds the event now: were somebody else's claim left alone here, and given up later, the next copy would
-- be handed over although this one was.
local lost = 0
for _, key in ipairs(KEYS) do
    if redis.call('GET', key) ~= ARGV[1] then
        lost = lost + 1
    end
    redis.call('SET', key, 'done', 'PX', ARGV[2])
end
return lost
