//! What is signed: a template of parts, filled from the head.

use smallvec::SmallVec;

use super::escapes;

/// One part of the signed bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// This text, of a row.
    Literal(&'static str),
    /// This text, of a row that a configuration made.
    Text(Box<str>),
    /// The message id, as sent.
    Id,
    /// The timestamp, as sent.
    Timestamp,
    /// The body, as sent. Occurs once.
    Body,
    /// The method.
    Method,
    /// The URL that the sender knows the endpoint by, with the query as sent.
    Url,
    /// The same with the twelve escapes decoded that `HubSpot` decodes.
    UrlDecoded,
}

impl Part {
    /// The text that does not depend on the message.
    fn fixed(&self) -> Option<&str> {
        match self {
            Self::Literal(text) => Some(text),
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// What a message has for the parts. What it does not have is empty; the row's
/// own fields decide what must be there.
#[derive(Clone, Copy, Default)]
pub(super) struct Values<'m> {
    pub(super) id: &'m [u8],
    pub(super) timestamp: &'m [u8],
    pub(super) method: &'m str,
    pub(super) url: &'m str,
}

/// The signed bytes without the body: known as soon as the head is.
#[derive(Debug)]
pub(super) struct Around {
    pub(super) before_body: SmallVec<[u8; 96]>,
    pub(super) after_body: Vec<u8>,
}

/// Fills `parts`.
pub(super) fn fill(parts: &[Part], values: Values<'_>) -> Around {
    let body = parts.iter().position(|part| *part == Part::Body).unwrap_or(parts.len());
    let (before, after) = parts.split_at(body);
    let mut around = Around { before_body: SmallVec::new(), after_body: Vec::new() };
    for part in before {
        append(part, values, |bytes| around.before_body.extend_from_slice(bytes));
    }
    for part in after {
        append(part, values, |bytes| around.after_body.extend_from_slice(bytes));
    }
    around
}

fn append(part: &Part, values: Values<'_>, mut to: impl FnMut(&[u8])) {
    match part {
        Part::Literal(text) => to(text.as_bytes()),
        Part::Text(text) => to(text.as_bytes()),
        Part::Id => to(values.id),
        Part::Timestamp => to(values.timestamp),
        Part::Body => {}
        Part::Method => to(values.method.as_bytes()),
        Part::Url => to(values.url.as_bytes()),
        Part::UrlDecoded => to(&escapes::decode(values.url)),
    }
}

/// Whether the URL is signed.
pub(super) fn hold_url(parts: &[Part]) -> bool {
    parts.iter().any(|part| matches!(part, Part::Url | Part::UrlDecoded))
}

/// What ids may not hold, because the boundary between an id and what stands
/// beside it in the signed bytes could move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Boundaries<'p> {
    /// The text between the id and a timestamp of digits: the id may not end in
    /// it and digits.
    pub(super) before_digits: Option<&'p str>,
    /// The texts between the id and anything else that a message can fill: the
    /// id may not hold them at all.
    pub(super) beside: [Option<&'p str>; 2],
}

impl Boundaries<'_> {
    /// Whether the id stands beside something without any text between them.
    pub(super) fn are_open(&self) -> bool {
        self.beside.into_iter().chain([self.before_digits]).flatten().any(str::is_empty)
    }
}

/// The boundaries of the id in `parts`. `digits` says that a timestamp is digits
/// only.
pub(super) fn boundaries(parts: &[Part], digits: bool) -> Boundaries<'_> {
    let mut found = Boundaries::default();
    let Some(id) = parts.iter().position(|part| *part == Part::Id) else { return found };
    match neighbour(parts[id + 1..].iter()) {
        Some((text, Part::Timestamp)) if digits => found.before_digits = Some(text),
        Some((text, _)) => found.beside[0] = Some(text),
        None => {}
    }
    match neighbour(parts[..id].iter().rev()) {
        // Digits end where their separator begins.
        Some((_, Part::Timestamp)) if digits => {}
        Some((text, _)) => found.beside[1] = Some(text),
        None => {}
    }
    found
}

/// The next part that a message fills, and the text before it.
fn neighbour<'p>(mut parts: impl Iterator<Item = &'p Part>) -> Option<(&'p str, &'p Part)> {
    let first = parts.next()?;
    match first.fixed() {
        None => Some(("", first)),
        Some(text) => parts.find(|part| part.fixed().is_none()).map(|part| (text, part)),
    }
}

#[cfg(test)]
mod tests {
    use super::Part::{Body, Id, Literal, Method, Text, Timestamp, Url, UrlDecoded};
    use super::*;

    const VALUES: Values<'_> =
        Values { id: b"id", timestamp: b"17", method: "POST", url: "https://h/a%2Fb?c=%20" };

    fn filled(parts: &[Part]) -> (String, String) {
        let around = fill(parts, VALUES);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        (text(&around.before_body), text(&around.after_body))
    }

    #[test]
    fn parts_are_filled_on_both_sides_of_the_body() {
        let sides = filled(&[Literal("v0:"), Id, Body, Text(":".into()), Timestamp]);
        assert_eq!(sides, ("v0:id".to_owned(), ":17".to_owned()));
        let sides = filled(&[Method, UrlDecoded, Body, Url]);
        assert_eq!(sides, ("POSThttps://h/a/b?c=%20".to_owned(), "https://h/a%2Fb?c=%20".to_owned()));
    }

    #[test]
    fn a_boundary_that_could_move_is_known_with_its_separator() {
        let of = |parts: &[Part], digits| {
            let Boundaries { before_digits, beside } = boundaries(parts, digits);
            (before_digits.map(str::to_owned), beside.map(|text| text.map(str::to_owned)))
        };
        let dot = || Some(".".to_owned());
        let dotted = [Id, Literal("."), Timestamp, Literal("."), Body];
        assert_eq!(of(&dotted, true), (dot(), [None, None]));
        assert_eq!(of(&dotted, false), (None, [dot(), None]));
        assert_eq!(of(&dotted[2..], true), (None, [None, None]));
        assert_eq!(of(&[Id, Literal("."), Body], true), (None, [dot(), None]));
        assert_eq!(of(&[Id, Body], true), (None, [Some(String::new()), None]));
        assert_eq!(of(&[Body, Literal("."), Id], true), (None, [None, dot()]));
        assert_eq!(of(&[Timestamp, Literal("."), Id], true), (None, [None, None]));
    }
}
