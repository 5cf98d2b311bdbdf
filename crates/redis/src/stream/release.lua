-- Gives back the memory of what every group is done with. Read before the scripts that settle an entry.

-- Ids are two numbers of 64 bits, which Lua's cannot hold.
local function parts(id)
  return id:match('^(%d+)-(%d+)$')
end

local function smaller(a, b)
  if #a ~= #b then
    return #a < #b
  end
  return a < b
end

local function earlier(a, b)
  local a_time, a_count = parts(a)
  local b_time, b_count = parts(b)
  if a_time ~= b_time then
    return smaller(a_time, b_time)
  end
  return smaller(a_count, b_count)
end

local function next_after(id)
  local time, count = parts(id)
  if #count > 15 then
    return id
  end
  return time .. '-' .. string.format('%.0f', tonumber(count) + 1)
end

-- With one group, an entry is nobody's any more. With several, what comes before the first entry that one of them has not read
-- or not acknowledged.
local function release(stream, id)
  local groups = redis.call('XINFO', 'GROUPS', stream)
  if #groups == 1 then
    redis.call('XDEL', stream, id)
    return
  end
  local needed
  for _, facts in ipairs(groups) do
    local group = {}
    for i = 1, #facts, 2 do
      group[facts[i]] = facts[i + 1]
    end
    local first = next_after(group['last-delivered-id'])
    local pending = redis.call('XPENDING', stream, group['name'])
    if pending[1] > 0 and earlier(pending[2], first) then
      first = pending[2]
    end
    if not needed or earlier(first, needed) then
      needed = first
    end
  end
  if needed then
    redis.call('XTRIM', stream, 'MINID', '=', needed)
  end
end

