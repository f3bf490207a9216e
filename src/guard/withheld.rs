//! What of a request is not told to anybody: text that holds a secret.
//!
//! For all that shows or keeps a stranger's words beyond the delivery: captures,
//! the control socket, spans. What is done instead is theirs to say: each has
//! another place for it.
//!
//! A secret counts of whichever source, since a sender may have taken the wrong
//! URL; as it is, in hex or base64 (the tripwire's spellings), percent-encoded
//! or escaped as in JSON, or both, as a form with JSON in it is.

use std::borrow::Cow;

use percent_encoding::percent_decode;
use zeroize::Zeroizing;

use crate::guard::in_force::InForce;

/// Whether `text` holds a secret of any source.
pub(super) fn holds_secret(text: &[u8], in_force: &InForce) -> bool {
    holds(text, &|text| in_force.sources.iter().any(|source| source.tripwire.finds(text, None)), ROUNDS)
}

/// How many bytes of a text a secret of any source may take, however it is
/// spelled.
pub(super) fn reach(in_force: &InForce) -> usize {
    let longest = in_force.sources.iter().map(|source| source.tripwire.longest()).max();
    longest.unwrap_or(0).saturating_mul(ESCAPED_BYTES_MAX.pow(ROUNDS))
}

/// Whether something is found in `text`, as it is or with its escapes undone up
/// to so many times. Each kind by itself: what escapes in one is plain in the
/// other.
fn holds(text: &[u8], finds: &impl Fn(&[u8]) -> bool, rounds: u32) -> bool {
    let in_plain =
        |plain: Option<Zeroizing<Vec<u8>>>| plain.is_some_and(|plain| holds(&plain, finds, rounds - 1));
    finds(text) || rounds > 0 && (in_plain(percent_decoded(text)) || in_plain(without_json_escapes(text)))
}

/// `None` where nothing is percent-encoded.
fn percent_decoded(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    match Cow::from(percent_decode(text)) {
        Cow::Borrowed(_) => None,
        Cow::Owned(plain) => Some(Zeroizing::new(plain)),
    }
}

/// `None` where there is no backslash.
fn without_json_escapes(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if !text.contains(&b'\\') {
        return None;
    }
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'\\', [b'u', digits @ ..]) => match hexadecimal(digits) {
                Some(byte) => (byte, &digits[4..]),
                None => (b'u', digits),
            },
            (b'\\', [byte, after @ ..]) => (*byte, after),
            _ => (*first, after),
        };
        plain.push(byte);
        rest = after;
    }
    Some(plain)
}

/// The byte that four digits stand for. Secrets are looked for in bytes: what
/// lies above is none.
fn hexadecimal(text: &[u8]) -> Option<u8> {
    let digits = text.get(..4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?.try_into().ok()
}

/// A form with JSON in it takes two.
const ROUNDS: u32 = 2;

/// What one byte can be written as: `\u002B`.
const ESCAPED_BYTES_MAX: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_of_json_are_undone() {
        for (text, plain) in
            [(r"a\/b\u002Bc\\d", r"a/b+c\d"), (r"\u00e9\u20ac\u00", "\u{e9}u20acu00"), (r"\u0000\", "\0\\")]
        {
            let found = without_json_escapes(text.as_bytes()).unwrap();
            let wanted: Vec<u8> = plain.chars().map(|c| u8::try_from(c).unwrap()).collect();
            assert_eq!(*found, wanted, "{text}");
        }
        assert!(without_json_escapes(b"plain").is_none());
    }

    #[test]
    fn a_secret_is_found_however_it_is_escaped() {
        let finds = |text: &[u8]| text.windows(3).any(|part| part == b"a/b");
        for text in [
            "xa/by",
            "x%61%2fb",
            r"xa\/b",
            r"xa\u002fb",
            // A form with JSON in it, as PHP makes it.
            "payload=%7B%22xa%5C%2Fb",
            "xa%252Fb",
            r"xa\u0025\u0032\u0046b",
            // What escapes in one of them is plain in the other.
            r"\%61%2Fb",
            r"%5a/b\",
        ] {
            assert!(holds(text.as_bytes(), &finds, ROUNDS), "{text}");
        }
        for text in ["", "%", "\\", "xa%25252Fb", "a%2", r"a\u002"] {
            assert!(!holds(text.as_bytes(), &finds, ROUNDS), "{text}");
        }
    }
}
