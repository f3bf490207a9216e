//! What a review may take in memory once it is read, judged by its bytes before
//! that: an object of two bytes becomes a map, or a container with all of its
//! fields.

/// Bytes that are taken beside the body's own. Marks in strings count too, so it
/// is rather too much.
pub(super) fn once_read(body: &[u8]) -> u64 {
    let (mut objects, mut items) = (0_u64, 0_u64);
    for byte in body {
        match byte {
            b'{' => objects += 1,
            b'[' | b',' => items += 1,
            _ => {}
        }
    }
    let texts = (body.len() as u64).saturating_mul(TEXT_COPIES);
    texts.saturating_add(objects * OBJECT_BYTES).saturating_add(items * ITEM_BYTES)
}

/// A review is held as untyped JSON twice (its object with the types of the
/// request, and by itself), as a typed pod, and as what is looked at in it.
const TEXT_COPIES: u64 = 4;

/// The leaf of a map is 640 bytes, twice; of the types of a pod few take more
/// than 600, and a list of them grows by doubling. Of those that do, the number
/// is bounded where they are made (`injection::ELEMENTS_MAX`).
const OBJECT_BYTES: u64 = 4096;

/// A value is 32 bytes, an entry of a map 56 with room for others beside it: an
/// annotation took 500, in all the forms in which it is held.
const ITEM_BYTES: u64 = 768;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_short_may_take_much() {
        assert_eq!(once_read(b"\"text\""), 6 * TEXT_COPIES);
        assert_eq!(once_read(b"[{},{}]"), 7 * TEXT_COPIES + 2 * ITEM_BYTES + 2 * OBJECT_BYTES);
    }
}
