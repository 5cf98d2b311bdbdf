-- Frees the memory of entries that every group has settled. Loaded before the scripts that settle.

-- Ids are pairs of 64-bit integers, which Lua numbers cannot represent exactly.
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

-- With one group, deletes the entries. With several, trims the stream up to the first entry that one
-- of them has not read or not acknowledged.
local function release(stream, ids)
  local groups = redis.call('XINFO', 'GROUPS', stream)
  if #groups == 1 then
    redis.call('XDEL', stream, unpack(ids))
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

