-- Removes consumers with generated names that have no pending entries and were idle for an hour. A
-- consumer that is still running is created again at its next call.
--
-- KEYS: the stream
-- ARGV: group, prefix of generated names
for _, facts in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = {}
  for i = 1, #facts, 2 do
    consumer[facts[i]] = facts[i + 1]
  end
  local named_itself = consumer['name']:sub(1, #ARGV[2]) == ARGV[2]
  if named_itself and consumer['pending'] == 0 and consumer['idle'] > 3600000 then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer['name'])
  end
end
return 1
