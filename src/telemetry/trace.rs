//! The trace that a delivery belongs to (W3C Trace Context).

use std::fmt::Write as _;

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};

/// The field that says which trace a request is part of.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// What systems on the way add to that; it belongs to the parent that it came
/// with.
pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// A place in a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) trace: [u8; 16],
    pub(super) span: [u8; 8],
    /// Whether spans of the trace are kept.
    pub(super) sampled: bool,
}

impl Place {
    /// The place that `fields` name: two of them name none.
    pub(super) fn of(fields: &HeaderMap) -> Option<Self> {
        let mut values = fields.get_all(TRACEPARENT).iter();
        let (value, None) = (values.next()?.as_bytes(), values.next()) else { return None };
        let trace = trace_id(value)?;
        let [_, _, span, flags] = split(&value[..HEAD_LEN])?;
        let [flags] = bytes(flags)?;
        Some(Self { trace: bytes(trace)?, span: bytes(span)?, sampled: flags & SAMPLED != 0 })
    }

    /// The field of a request that comes from here.
    pub(super) fn field(&self) -> HeaderValue {
        let mut text = String::with_capacity(HEAD_LEN);
        text.push_str("00-");
        self.trace.iter().for_each(|byte| push(&mut text, *byte));
        text.push('-');
        self.span.iter().for_each(|byte| push(&mut text, *byte));
        text.push('-');
        push(&mut text, u8::from(self.sampled));
        HeaderValue::try_from(text).expect("digits and dashes are visible")
    }
}

fn push(text: &mut String, byte: u8) {
    write!(text, "{byte:02x}").expect("memory takes what is written");
}

/// So many bytes from twice as many digits.
fn bytes<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// The trace id in a `traceparent` field: `00-`, 32 digits, `-`, 16 digits,
/// `-`, 2 digits (section 3.2). Later versions may append to that after
/// another dash (section 3.2.4). `None` for anything else, and for the id of
/// zeros, which means none.
pub(super) fn trace_id(traceparent: &[u8]) -> Option<&[u8]> {
    let (head, rest) = traceparent.split_at_checked(HEAD_LEN)?;
    let [version, trace, parent, flags] = split(head)?;
    let extended = rest.first() == Some(&b'-') && version != b"00";
    let known = version != b"ff" && (rest.is_empty() || extended);
    let hexadecimal =
        [version, trace, parent, flags].iter().all(|part| part.iter().copied().all(is_lower_hex));
    let present = trace.iter().any(|digit| *digit != b'0') && parent.iter().any(|digit| *digit != b'0');
    (known && hexadecimal && present).then_some(trace)
}

/// The four parts, where each has its length.
fn split(head: &[u8]) -> Option<[&[u8]; 4]> {
    let mut parts = head.split(|byte| *byte == b'-');
    let parts = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    (parts.map(<[u8]>::len) == [2, 32, 16, 2]).then_some(parts)
}

fn is_lower_hex(digit: u8) -> bool {
    matches!(digit, b'0'..=b'9' | b'a'..=b'f')
}

/// The one flag that counts here (section 3.2.2.5.1).
const SAMPLED: u8 = 1;

const HEAD_LEN: usize = 2 + 1 + 32 + 1 + 16 + 1 + 2;

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_place_is_read_and_written_and_two_are_none() {
        let field = |flags: &str| HeaderValue::try_from(format!("00-{ID}-00f067aa0ba902b7-{flags}")).unwrap();
        for (flags, sampled, written) in
            [("01", true, "01"), ("00", false, "00"), ("ff", true, "01"), ("02", false, "00")]
        {
            let mut fields = HeaderMap::from_iter([(TRACEPARENT, field(flags))]);
            let place = Place::of(&fields).unwrap();
            assert_eq!((place.sampled, place.span[7]), (sampled, 0xb7), "{flags}");
            assert_eq!(place.field(), field(written));
            fields.append(TRACEPARENT, field(flags));
            assert_eq!(Place::of(&fields), None, "{flags}");
        }
    }

    #[test]
    fn the_id_is_taken_from_well_formed_fields_only() {
        for (field, found) in [
            (format!("00-{ID}-00f067aa0ba902b7-01"), true),
            (format!("cc-{ID}-00f067aa0ba902b7-01"), true),
            (format!("cc-{ID}-00f067aa0ba902b7-01-what-comes"), true),
            (format!("00-{ID}-00f067aa0ba902b7-01-what-comes"), false),
            (format!("cc-{ID}-00f067aa0ba902b7-01.what-comes"), false),
            (format!("ff-{ID}-00f067aa0ba902b7-01"), false),
            (format!("00-{}-00f067aa0ba902b7-01", ID.to_uppercase()), false),
            (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), false),
            (format!("00-{ID}-0000000000000000-01"), false),
            (format!("00-{ID}-00f067aa0ba902b7-0"), false),
            (format!("00-{ID}00f067aa0ba902b7-01--"), false),
            (String::new(), false),
        ] {
            assert_eq!(trace_id(field.as_bytes()), found.then_some(ID.as_bytes()), "{field}");
        }
    }
}
