//! Reading challenges: each given once, of bounded length, within an alphabet.
//!
//! What is read here is echoed to whoever sent it, so the alphabets leave out
//! what could end a header field or begin another one.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};

/// The longest challenge. Those of the providers have 10 to some 200 bytes.
pub const CHALLENGE_BYTES_MAX: usize = 1024;

/// It is there, but not once, too long or of other characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The one value of the parameter `name` in the query of `target`, percent
/// escapes and `+` decoded (WHATWG URL, `application/x-www-form-urlencoded`).
pub(super) fn parameter<'t>(target: &'t str, name: &str) -> Result<Option<Cow<'t, str>>, Malformed> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(found, _)| found == name);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some((_, value)), None) => Ok(Some(value)),
        (Some(_), Some(_)) => Err(Malformed),
    }
}

/// The one value of the field `name`.
pub(super) fn field<'h>(
    fields: &'h HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'h HeaderValue>, Malformed> {
    let mut values = fields.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => Ok(Some(value)),
        (Some(_), Some(_)) => Err(Malformed),
    }
}

/// Letters, digits and what base64, base64url and UUIDs have beside them: no
/// space, quote, colon, brace or angle bracket.
pub(super) const fn is_of_a_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'+' | b'/' | b'=')
}

/// A challenge of one word.
pub(super) fn word(text: &str) -> Result<&str, Malformed> {
    bounded(text, is_of_a_word)
}

/// A challenge of printable ASCII, spaces included. To be sent as a text body
/// and as nothing else.
pub(super) fn line(text: &str) -> Result<&str, Malformed> {
    bounded(text, |byte| matches!(byte, b' '..=b'~'))
}

fn bounded(text: &str, allowed: impl Fn(u8) -> bool) -> Result<&str, Malformed> {
    let well_formed = (1..=CHALLENGE_BYTES_MAX).contains(&text.len()) && text.bytes().all(allowed);
    if well_formed { Ok(text) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_decoded_and_taken_only_when_given_once() {
        let read = |target| parameter(target, "a.b").map(|value| value.map(Cow::into_owned));
        let value = |text: &str| Ok(Some(text.to_owned()));
        for (target, expected) in [
            ("/hooks?a.b=x%20y+z%26&c=1", value("x y z&")),
            ("/hooks?c=1&a%2Eb=1", value("1")),
            ("/hooks?a.b", value("")),
            ("/hooks?a.b=1?a.b=2", value("1?a.b=2")),
            ("/hooks", Ok(None)),
            ("/hooks?A.b=1&a.bc=2", Ok(None)),
            ("/hooks?a.b=1&a.b=1", Err(Malformed)),
        ] {
            assert_eq!(read(target), expected, "{target}");
        }
    }

    #[test]
    fn a_challenge_is_bounded_and_of_its_alphabet() {
        let longest = "x".repeat(CHALLENGE_BYTES_MAX);
        for (text, as_word, as_line) in [
            ("aZ09-_.~+/=", true, true),
            (longest.as_str(), true, true),
            ("<b>", false, true),
            ("a b", false, true),
            ("", false, false),
            (&format!("{longest}x"), false, false),
            ("a\r\nb: c", false, false),
            ("a\tb", false, false),
            ("a\0b", false, false),
            ("\u{7f}", false, false),
            ("caf\u{e9}", false, false),
            ("\u{fffd}", false, false),
        ] {
            assert_eq!((word(text).is_ok(), line(text).is_ok()), (as_word, as_line), "{text:?}");
        }
    }
}
