//! What is signed: a template of parts, filled from the head.

use smallvec::SmallVec;

/// One part of the signed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// This text.
    Literal(&'static str),
    /// The message id, as sent.
    Id,
    /// The timestamp, as sent.
    Timestamp,
    /// The body, as sent. Occurs once.
    Body,
}

/// The signed bytes without the body: known as soon as the head is.
#[derive(Debug)]
pub(super) struct Around {
    pub(super) before_body: SmallVec<[u8; 96]>,
    pub(super) after_body: Vec<u8>,
}

/// Fills `parts`. A part that the head does not have is empty; the row's own
/// fields decide what must be there.
pub(super) fn fill(parts: &[Part], id: &[u8], timestamp: &[u8]) -> Around {
    let body = parts.iter().position(|part| *part == Part::Body).unwrap_or(parts.len());
    let (before, after) = parts.split_at(body);
    let text = |part: &Part| match part {
        Part::Literal(text) => text.as_bytes(),
        Part::Id => id,
        Part::Timestamp => timestamp,
        Part::Body => b"",
    };
    let mut around = Around { before_body: SmallVec::new(), after_body: Vec::new() };
    for part in before {
        around.before_body.extend_from_slice(text(part));
    }
    for part in after {
        around.after_body.extend_from_slice(text(part));
    }
    around
}

/// What stands between the id and a timestamp that follows it: there the
/// boundary could move.
pub(super) fn separator_after_id(parts: &[Part]) -> Option<&'static str> {
    parts.windows(3).find_map(|window| match window {
        [Part::Id, Part::Literal(separator), Part::Timestamp] => Some(*separator),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_filled_on_both_sides_of_the_body() {
        let parts = [Part::Literal("v0:"), Part::Id, Part::Body, Part::Literal(":"), Part::Timestamp];
        let around = fill(&parts, b"id", b"17");
        assert_eq!(around.before_body.as_slice(), b"v0:id");
        assert_eq!(around.after_body, b":17");
    }

    #[test]
    fn the_separator_is_found_only_between_id_and_timestamp() {
        let dotted = [Part::Id, Part::Literal("."), Part::Timestamp, Part::Literal("."), Part::Body];
        assert_eq!(separator_after_id(&dotted), Some("."));
        assert_eq!(separator_after_id(&dotted[2..]), None);
        assert_eq!(separator_after_id(&[Part::Id, Part::Literal("."), Part::Body]), None);
    }
}
