-- KEYS: of events that the inner sink has taken. ARGV: for how many milliseconds they are remembered.
--
-- Done is done, whoever holds the event by now: were somebody else's claim left alone here, and given up later, the next copy would
-- be handed over although this one was.
for _, key in ipairs(KEYS) do
    redis.call('SET', key, 'done', 'PX', ARGV[1])
end
return #KEYS
