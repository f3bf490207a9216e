#!lua flags=allow-oom
-- Begins the memory of a source, or finds out where it stands after a new
-- connection. Gives 1 when memory begins now, 0 when it goes on.
--
-- KEYS: the source's record. ARGV: the numbers packed below, and which server
-- this is ('' where that cannot be told). `claim.lua` says what a record is.

local now, fence, missed = struct.unpack('>dBB', ARGV[1])
local server = ARGV[2]

local kept = redis.call('GET', KEYS[1])
local mark, shortest, noted, at, before = -1, -1, now, nil, nil
if kept then
    mark, shortest, noted, at = struct.unpack('>ddd', kept)
    before = kept:sub(at)
end
-- A server that started anew may have lost its last writes, and so may one
-- that took over from another. The record itself survives both.
local another = before and before ~= '' and server ~= '' and before ~= server
local begins = not kept or another or missed == 1
if begins and fence == 1 then
    mark = math.max(mark, now)
end
if begins or before ~= server then
    redis.call('SET', KEYS[1], struct.pack('>ddd', mark, shortest, noted) .. server)
end
return begins and fence == 1 and 1 or 0
