//! Signed content as people write it: `{id}.{timestamp}.{body}`.

use super::parts::{self, Part};

/// Why a text does not say what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignedContentFault {
    /// A brace that begins or ends no name.
    #[error("expected {{id}}, {{timestamp}}, {{method}}, {{url}}, {{body}} and text between them")]
    UnknownPart,
    /// What is not signed is not protected.
    #[error("expected {{body}} exactly once: what is not signed is not protected")]
    Body,
    /// A part that occurs twice.
    #[error("expected each part at most once")]
    Repeated,
    /// Between the id and what stands beside it nothing marks the boundary.
    #[error("expected text between {{id}} and what is beside it, or the boundary between them could move")]
    IdBoundary,
    /// Far longer than any provider's.
    #[error("expected at most 256 bytes")]
    TooLong,
}

/// The parts that `text` names.
pub fn signed_content(text: &str) -> Result<Vec<Part>, SignedContentFault> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(SignedContentFault::TooLong);
    }
    let mut found: Vec<Part> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (literal, brace) = rest.split_at(at);
        if !literal.is_empty() {
            found.push(Part::Text(literal.into()));
        }
        let named = NAMES.iter().find_map(|(name, part)| brace.strip_prefix(name).map(|rest| (part, rest)));
        let (part, after) = named.ok_or(SignedContentFault::UnknownPart)?;
        if found.contains(part) {
            return Err(SignedContentFault::Repeated);
        }
        found.push(part.clone());
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Part::Text(rest.into()));
    }
    if !found.contains(&Part::Body) {
        return Err(SignedContentFault::Body);
    }
    if parts::boundaries(&found, true).are_open() { Err(SignedContentFault::IdBoundary) } else { Ok(found) }
}

const NAMES: [(&str, Part); 5] = [
    ("{id}", Part::Id),
    ("{timestamp}", Part::Timestamp),
    ("{method}", Part::Method),
    ("{url}", Part::Url),
    ("{body}", Part::Body),
];

const TEXT_BYTES_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_and_the_text_between_them_are_read() {
        let text = |text: &str| Part::Text(text.into());
        assert_eq!(signed_content("{body}"), Ok(vec![Part::Body]));
        let parts = vec![text("v0:"), Part::Timestamp, text(":"), Part::Body, text("!")];
        assert_eq!(signed_content("v0:{timestamp}:{body}!"), Ok(parts));
        assert_eq!(signed_content("{method}{url}{body}"), Ok(vec![Part::Method, Part::Url, Part::Body]));
    }

    #[test]
    fn a_text_that_leaves_something_open_is_refused() {
        for (text, fault) in [
            ("", SignedContentFault::Body),
            ("{timestamp}.", SignedContentFault::Body),
            ("{body}{body}", SignedContentFault::Repeated),
            ("{timestamp}{timestamp}{body}", SignedContentFault::Repeated),
            ("{nonce}.{body}", SignedContentFault::UnknownPart),
            ("{{body}}", SignedContentFault::UnknownPart),
            ("{body", SignedContentFault::UnknownPart),
            ("{body}}", SignedContentFault::UnknownPart),
            ("{id}{body}", SignedContentFault::IdBoundary),
            ("{id}{timestamp}.{body}", SignedContentFault::IdBoundary),
            ("{body}{id}", SignedContentFault::IdBoundary),
            (&"{body}".repeat(100), SignedContentFault::TooLong),
        ] {
            assert_eq!(signed_content(text), Err(fault), "{text}");
        }
    }
}
