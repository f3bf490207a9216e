//! The trace that a delivery belongs to (W3C Trace Context).

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

const HEAD_LEN: usize = 2 + 1 + 32 + 1 + 16 + 1 + 2;

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

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
