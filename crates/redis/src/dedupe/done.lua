-- KEYS: the keys of events that the inner sink has accepted. ARGV: milliseconds to remember them.
--
-- Overwrites claims of other requests too. If such a claim stayed and were released later, the next
-- copy would be delivered again.
for _, key in ipairs(KEYS) do
    redis.call('SET', key, 'done', 'PX', ARGV[1])
end
return #KEYS
