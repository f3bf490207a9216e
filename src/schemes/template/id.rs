//! Signed message ids: what names a delivery in the ledger.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::parts::Boundaries;
use crate::schemes::fields;
use crate::schemes::refusal::Refusal;

/// The longest id, in bytes. Providers use a few dozen.
pub const ID_BYTES_MAX: usize = 256;

/// The id in the header `name`, checked against [`check`].
pub(super) fn read<'h>(
    fields: &'h HeaderMap,
    name: &HeaderName,
    boundaries: Boundaries<'_>,
) -> Result<&'h HeaderValue, Refusal> {
    let id = fields::only(fields, name, Refusal::IdMissing)?;
    check(id.as_bytes(), boundaries)?;
    Ok(id)
}

/// Whether `id` can be signed and remembered: visible ASCII, at most
/// [`ID_BYTES_MAX`] bytes, and with a boundary that cannot move.
///
/// Where the signed bytes read `id.timestamp.body`, the signature of `a` +
/// `1700000000` + `5.x` is also that of `a.1700000000` + `5` + `x`: whoever
/// captured the first could send the second as a message with a new id. So an
/// id with the separator may not end in a part of digits only. Digits alone are
/// fine: nothing would be left for the id. Beside anything but digits, the
/// separator may not occur in the id at all.
pub(super) fn check(id: &[u8], boundaries: Boundaries<'_>) -> Result<(), Refusal> {
    if id.is_empty() {
        return Err(Refusal::IdMissing);
    }
    let readable = id.len() <= ID_BYTES_MAX && id.iter().all(u8::is_ascii_graphic);
    let mut beside = boundaries.beside.iter().flatten();
    let movable = boundaries.before_digits.is_some_and(|text| ends_like_a_timestamp(id, text.as_bytes()))
        || beside.any(|text| holds(id, text.as_bytes()));
    if !readable || movable {
        return Err(Refusal::IdMalformed);
    }
    Ok(())
}

fn ends_like_a_timestamp(id: &[u8], separator: &[u8]) -> bool {
    let digits = id.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && id[..id.len() - digits].ends_with(separator)
}

/// An empty separator is everywhere.
fn holds(id: &[u8], separator: &[u8]) -> bool {
    separator.is_empty() || id.windows(separator.len()).any(|window| window == separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Boundaries<'_> = Boundaries { before_digits: None, beside: [None, None] };
    const DOTTED: Boundaries<'_> = Boundaries { before_digits: Some("."), beside: [None, None] };

    #[test]
    fn ids_that_could_hold_a_timestamp_are_malformed() {
        for fine in ["msg_1", "a.b.c_1700000000", "12345", "a.", "a.1b", "a..b", "~!"] {
            assert_eq!(check(fine.as_bytes(), DOTTED), Ok(()), "{fine}");
        }
        for moved in ["a.1", "msg_a.1699999993", ".5", "a.0001", "a.b.7"] {
            assert_eq!(check(moved.as_bytes(), DOTTED), Err(Refusal::IdMalformed), "{moved}");
            assert_eq!(check(moved.as_bytes(), FREE), Ok(()), "{moved}");
        }
    }

    #[test]
    fn ids_are_visible_ascii_of_bounded_length() {
        for wrong in ["a b", "a\t", "\u{e9}", "a\u{7f}"] {
            assert_eq!(check(wrong.as_bytes(), FREE), Err(Refusal::IdMalformed), "{wrong:?}");
        }
        assert_eq!(check(&[b'a'; ID_BYTES_MAX], FREE), Ok(()));
        assert_eq!(check(&[b'a'; ID_BYTES_MAX + 1], FREE), Err(Refusal::IdMalformed));
        assert_eq!(check(b"", FREE), Err(Refusal::IdMissing));
    }

    #[test]
    fn beside_a_body_the_separator_may_not_occur_in_the_id() {
        let boundaries = Boundaries { before_digits: None, beside: [Some("."), None] };
        assert_eq!(check(b"msg_1", boundaries), Ok(()));
        assert_eq!(check(b"msg.1a", boundaries), Err(Refusal::IdMalformed));
        let adjacent = Boundaries { before_digits: None, beside: [None, Some("")] };
        assert_eq!(check(b"msg_1", adjacent), Err(Refusal::IdMalformed));
    }
}
