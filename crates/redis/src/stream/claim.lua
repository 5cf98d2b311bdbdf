-- Fetches entries for this consumer.
--
-- 'next': deferred entries that are due, then entries that no consumer of the group had before.
-- 'stale': an entry that its consumer has not settled in time. 'own': an entry that this consumer
-- had before a restart. The last two may crash the process, so each is fetched alone: the others
-- do not lose an attempt then.
--
-- KEYS: the stream, the deferred entries
-- ARGV: group, consumer, maximum number of entries, 'next' or 'stale' or 'own', milliseconds, where
-- to start, number of bytes after which no entry is added
-- Returns where to continue ('' at the end), milliseconds until an entry is due (-1 for never),
-- entries.
local stream, later, group, consumer, most = KEYS[1], KEYS[2], ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local claimed, bytes = {}, 0

local function add(entry, attempts)
  claimed[#claimed + 1] = { entry[1], attempts, entry[2] }
  for _, text in ipairs(entry[2]) do
    bytes = bytes + #text
  end
end

local function is_full()
  return #claimed >= most or bytes >= tonumber(ARGV[7])
end

local function take(pending)
  local id = pending[1]
  local entry = redis.call('XCLAIM', stream, group, consumer, 0, id)[1]
  if entry then
    add(entry, pending[4] + 1)
  else
    -- The entry was deleted from the stream.
    redis.call('XACK', stream, group, id)
  end
end

if ARGV[4] == 'next' then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', later, '-inf', now, 'LIMIT', 0, most)) do
    if is_full() then
      break
    end
    redis.call('ZREM', later, id)
    local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
    if pending then
      take(pending)
    end
  end
  local found = true
  while found and not is_full() do
    -- A few at a time, because the sizes are known only afterwards.
    local count = math.min(8, most - #claimed)
    found = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', count, 'STREAMS', stream, '>')
    if found then
      for _, entry in ipairs(found[1][2]) do
        add(entry, 1)
      end
      found = #found[1][2] == count
    end
  end
end

local from, pages, size = ARGV[6], 0, 64
while ARGV[4] ~= 'next' and from ~= '' and #claimed == 0 and pages < 20 do
  local page
  if ARGV[4] == 'own' then
    page = redis.call('XPENDING', stream, group, from, '+', size, consumer)
  else
    page = redis.call('XPENDING', stream, group, 'IDLE', ARGV[5], from, '+', size)
  end
  local looked_at = 0
  for _, pending in ipairs(page) do
    if #claimed > 0 then
      break
    end
    from = '(' .. pending[1]
    looked_at = looked_at + 1
    if not redis.call('ZSCORE', later, pending[1]) then
      take(pending)
    end
  end
  if looked_at == #page and #page < size then
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
