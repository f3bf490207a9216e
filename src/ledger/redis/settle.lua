#!lua flags=allow-oom
-- Settles a claim: commits it, or releases it. Gives 1 when the key is as the
-- settlement wants it, 0 when somebody else owns it by now.
--
-- It may run where memory is short: it takes no more than the claim did, and
-- the app has the message.
--
-- KEYS: the entry. ARGV: the numbers packed below, the content's digest, the
-- owner's token. `claim.lua` says what an entry is.

local now, signed_at, ends, grace, commit = struct.unpack('>ddddB', ARGV[1])
local content, token = ARGV[2], ARGV[3]

local kept = redis.call('GET', KEYS[1])
local state = kept and kept:sub(1, 1)
if state == 'f' and kept:sub(-16) ~= token then
    return 0
end
if commit == 0 then
    if state == 'f' then
        redis.call('DEL', KEYS[1])
        return 1
    end
    return 0
end
if state == 'a' then
    -- Held as accepted when its lease lapsed, or committed already.
    return kept:sub(2, 33) == content and 1 or 0
end
-- Also where there is no entry any more: the lease lapsed or the server lost
-- it, nobody has claimed the key since, and the app has the message.
local expires = string.format('%.0f', math.max(ends - now, 0) + grace)
redis.call('SET', KEYS[1], 'a' .. content .. struct.pack('>dd', signed_at, ends), 'PX', expires)
return 1
