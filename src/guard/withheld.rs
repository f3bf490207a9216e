//! What of a request is not told to anybody: text that holds a secret.
//!
//! For all that shows or keeps a stranger's words beyond the delivery: captures,
//! the control socket, spans. What is done instead is theirs to say: each has
//! another place for it.
//!
//! A secret counts of whichever source, since a sender may have taken the wrong
//! URL; as it is, in hex or base64 (the tripwire's spellings), percent-encoded
//! or escaped as in JSON.

use zeroize::Zeroizing;

use crate::guard::in_force::InForce;

/// Whether `text` holds a secret of any source.
pub(super) fn holds_secret(text: &[u8], in_force: &InForce) -> bool {
    let finds = |text: &[u8]| in_force.sources.iter().any(|source| source.tripwire.finds(text, None));
    finds(text) || unescaped(text).is_some_and(|plain| finds(&plain))
}

/// How many bytes of a text a secret of any source may take, however it is
/// spelled.
pub(super) fn reach(in_force: &InForce) -> usize {
    let longest = in_force.sources.iter().map(|source| source.tripwire.longest()).max();
    longest.unwrap_or(0).saturating_mul(ESCAPED_BYTES_MAX)
}

/// `text` without percent-encoding and the escapes of JSON; `None` where there
/// are none.
fn unescaped(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'\\')) {
        return None;
    }
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let (code, width) = match (first, after) {
            (b'\\', [b'u', code @ ..]) => (code, 4),
            (b'%', code) => (code, 2),
            _ => (after, 0),
        };
        let (byte, after) = match (escaped(code, width), first, after) {
            (Some(byte), ..) => (byte, &code[width..]),
            (None, b'\\', [byte, after @ ..]) => (*byte, after),
            _ => (*first, after),
        };
        plain.push(byte);
        rest = after;
    }
    Some(plain)
}

/// The byte that so many hexadecimal digits stand for, if there are any. Secrets
/// are looked for in bytes: what lies above is none.
fn escaped(text: &[u8], digits: usize) -> Option<u8> {
    let digits = text.get(..digits).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?.try_into().ok()
}

/// What one byte can be written as: `\u002B`.
const ESCAPED_BYTES_MAX: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_as_senders_make_them() {
        for (text, plain) in [
            ("a%2Bb%2fc", "a+b/c"),
            (r"a\/b\u002Bc\\d", r"a/b+c\d"),
            (r"\u00e9\u20ac%zz%", "\u{e9}u20ac%zz%"),
            (r"\u0000\", "\0\\"),
        ] {
            let found = unescaped(text.as_bytes()).unwrap();
            let wanted: Vec<u8> = plain.chars().map(|c| u8::try_from(c).unwrap()).collect();
            assert_eq!(*found, wanted, "{text}");
        }
        assert!(unescaped(b"plain").is_none());
    }
}
