#!lua
-- Claims a key, or says what stands in the way. With `take` 0 it only looks.
--
-- KEYS: the entry, the source's record, the source's rate: one hash slot.
-- ARGV: the numbers packed below, the content's digest, the owner's token.
--
-- An entry is 'f' (in flight) or 'a' (accepted), the content's digest, the
-- newest signed time (-1: none is signed) and when its state ends. One in
-- flight goes on with how long it is remembered if it lapses and is held, and
-- with its owner's token. Instants are milliseconds of Unix time.

local NEW, IN_FLIGHT, REPLAY, RETRY, REDELIVERY, ID_REUSED, FORGOTTEN, OVER_RATE, NOTHING, CLOCKS =
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9

local now, signed_at, signed_until, tolerance, lease_ends, held_until, skew, grace, interval, burst, hold, fence, take =
    struct.unpack('>ddddddddddBBB', ARGV[1])
local content, token = ARGV[2], ARGV[3]

local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]

-- Guards whose clocks differ would not agree on when a lease or a memory ends.
-- It also refuses a claim that was sent long ago and given up since.
local apart = micros / 1000 - now
if skew >= 0 and math.abs(apart) > skew then
    return { CLOCKS, apart }
end
local margin = 2 * math.max(skew, 0)

-- Redis forgets later than any guard does: by `grace`.
local function keep(key, value, ends)
    redis.call('SET', key, value, 'PX', string.format('%.0f', math.max(ends - now, 0) + grace))
end

-- The source's record: the watermark, the shortest tolerance in force, when a
-- claim under it was last noted, and which server it was written on.
local function record()
    local kept = redis.call('GET', KEYS[2])
    if kept then
        local mark, shortest, noted, at = struct.unpack('>ddd', kept)
        return { mark = mark, shortest = shortest, noted = noted, server = kept:sub(at) }
    end
    -- What there was is lost, or never was: memory begins now.
    return { mark = fence == 1 and now or -1, shortest = -1, noted = now, server = '', changed = true }
end

local function save(source)
    redis.call('SET', KEYS[2], struct.pack('>ddd', source.mark, source.shortest, source.noted) .. source.server)
end

-- What the key holds: its state, or nothing that counts any more.
local kept = redis.call('GET', KEYS[1])
if kept then
    local state = kept:sub(1, 1)
    local known = kept:sub(2, 33)
    local newest, ends, at = struct.unpack('>dd', kept, 34)
    if state == 'f' and ends <= now and hold == 1 then
        state, ends = 'a', struct.unpack('>d', kept, at)
        keep(KEYS[1], 'a' .. known .. struct.pack('>dd', newest, ends), ends)
    end
    if now < ends then
        if known ~= content then
            return ID_REUSED
        elseif state == 'f' then
            -- A Cluster's client may send a call again when a node is lost.
            return take == 1 and kept:sub(-16) == token and NEW or IN_FLIGHT
        elseif signed_at < 0 then
            return REDELIVERY
        elseif signed_at <= newest then
            return REPLAY
        end
        ends = math.max(ends, signed_until)
        keep(KEYS[1], 'a' .. known .. struct.pack('>dd', signed_at, ends), ends)
        return RETRY
    end
    if state == 'a' and newest >= 0 then
        -- The watermark first: from the moment at which the key is absent, it
        -- alone stands between a copy and the app.
        local source = record()
        source.mark = math.max(source.mark, newest)
        save(source)
    end
    redis.call('DEL', KEYS[1])
end
if take == 0 then
    return NOTHING
end

if signed_at >= 0 then
    local source = record()
    -- Redis does not say what it forgets. Whatever was kept under the shortest
    -- tolerance in force and is gone by now was signed before this.
    local function gone()
        return now - source.shortest - 1000 - margin
    end
    local long_ago = now - source.noted
    if source.shortest < 0 then
        source.shortest, source.noted, source.changed = tolerance, now, true
    elseif tolerance <= source.shortest and (tolerance < source.shortest or long_ago > 10000) then
        source.mark = math.max(source.mark, gone())
        source.shortest, source.noted, source.changed = tolerance, now, true
    elseif tolerance > source.shortest and long_ago > 2 * source.shortest + 11000 + margin then
        -- Nobody has used the shorter one for so long that nothing that was
        -- kept under it is missing above the watermark.
        source.mark = math.max(source.mark, gone())
        source.shortest, source.noted, source.changed = tolerance, now, true
    end
    if source.changed then
        save(source)
    end
    if signed_at <= math.max(source.mark, gone()) then
        return FORGOTTEN
    end
end

-- The generic cell rate algorithm, by the server's own clock: what arrives
-- theoretically next may be at most a burst ahead.
if interval > 0 then
    local next = math.max(tonumber(redis.call('GET', KEYS[3]) or 0), micros)
    local wait = next - micros - (burst - 1) * interval
    if wait > 0 then
        return { OVER_RATE, math.ceil(wait) }
    end
    next = next + interval
    local expires = string.format('%.0f', math.ceil((next - micros) / 1000) + 1000)
    redis.call('SET', KEYS[3], string.format('%.17g', next), 'PX', expires)
end

local claimed = 'f' .. content .. struct.pack('>ddd', signed_at, lease_ends, held_until) .. token
-- Held, it has to be there when the lease has lapsed.
keep(KEYS[1], claimed, hold == 1 and math.max(held_until, lease_ends) or lease_ends)
return NEW
