-- Claims pending entries for this consumer: deferred entries that are due, and, on request, entries
-- that their consumers have not settled in time ('stale'), or entries that this consumer had before
-- a restart ('own').
--
-- KEYS: the stream, the deferred entries
-- ARGV: group, consumer, maximum number of entries, 'due' or 'stale' or 'own', milliseconds, where
-- to start
-- Returns where to continue ('' at the end), milliseconds until an entry is due (-1 for never),
-- entries.
local stream, later, group, consumer, most = KEYS[1], KEYS[2], ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local claimed = {}

local function take(pending)
  local id = pending[1]
  local entry = redis.call('XCLAIM', stream, group, consumer, 0, id)[1]
  if entry then
    claimed[#claimed + 1] = { id, pending[4] + 1, entry[2] }
  else
    -- The entry was deleted from the stream.
    redis.call('XACK', stream, group, id)
  end
end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', now, 'LIMIT', 0, most)) do
  redis.call('ZREM', later, id)
  local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
  if pending then
    take(pending)
  end
end

local from, pages = ARGV[6], 0
while ARGV[4] ~= 'due' and from ~= '' and #claimed < most and pages < 20 do
  local page
  if ARGV[4] == 'own' then
    page = redis.call('XPENDING', stream, group, from, '+', most, consumer)
  else
    page = redis.call('XPENDING', stream, group, 'IDLE', ARGV[5], from, '+', most)
  end
  local looked_at = 0
  for _, pending in ipairs(page) do
    if #claimed == most then
      break
    end
    from = '(' .. pending[1]
    looked_at = looked_at + 1
    if not redis.call('ZSCORE', later, pending[1]) then
      take(pending)
    end
  end
  if looked_at == #page and #page < most then
    from = ''
  end
  pages = pages + 1
end

local first = redis.call('ZRANGE', later, 0, 0, 'WITHSCORES')
local due = -1
if first[2] then
  due = math.max(0, tonumber(first[2]) - now)
end
return { from, due, claimed }
