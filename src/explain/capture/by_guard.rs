//! What a guard says of a capture that it made (`--capture`), in a field of its
//! own: a dictionary of RFC 9651.
//!
//! Believed as far as any capture is: whoever has the file may have changed it.

use http::{HeaderMap, HeaderName};
use sfv::{BareItem, Dictionary, Integer, ListEntry, Parser};

use super::Received;
use crate::clock::UnixTime;

/// What the field says.
pub(super) struct Said {
    pub(super) received: Option<Received>,
    pub(super) code: Option<String>,
    pub(super) notes: Vec<String>,
}

/// Takes the field out, where there is one that can be read.
pub(super) fn take(fields: &mut HeaderMap) -> Option<Said> {
    let said: Dictionary = Parser::new(fields.get(FIELD)?.as_bytes()).parse().ok()?;
    fields.remove(FIELD);
    let item = |key: &str| match said.get(key)? {
        ListEntry::Item(item) => Some(&item.bare_item),
        ListEntry::InnerList(_) => None,
    };
    let received = item("received").and_then(BareItem::as_decimal);
    let millis = received.and_then(|time| u64::try_from(i64::from(time.as_integer_scaled_1000())).ok());
    let received =
        millis.map(UnixTime::from_millis).map(|at| Received { at, from: "the guard that refused it" });
    let source = item("source").and_then(BareItem::as_string);
    let code = item("code").and_then(BareItem::as_token);
    let body = item("body").and_then(BareItem::as_token);
    let removed = item("removed").and_then(BareItem::as_integer).filter(|count| *count > Integer::ZERO);
    let notes = [
        source.zip(code).map(|(source, code)| format!("A guard refused it with {code}, at source {source}.")),
        body.and_then(|state| of_body(state.as_str())).map(str::to_owned),
        removed
            .map(|count| format!("The guard took {count} secrets or credentials out of the head: {TAKEN}")),
    ];
    let code = code.map(|code| code.as_str().to_owned());
    Some(Said { received, code, notes: notes.into_iter().flatten().collect() })
}

fn of_body(state: &str) -> Option<&'static str> {
    match state {
        "unread" => Some("The guard refused it before it read the body, which is not here."),
        "cut" => Some(
            "Only the beginning of the body was kept: no signature over all of it can hold here. \
             --capture-max-body keeps more.",
        ),
        "removed" => Some("The body held a secret or is a credential, and was not kept."),
        _ => None,
    }
}

const FIELD: HeaderName = HeaderName::from_static("countersign-capture");

const TAKEN: &str = "a signature over one of them, and a token, cannot be judged here.";

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn said(value: &str) -> Option<(Option<u64>, Vec<String>)> {
        let mut fields = HeaderMap::from_iter([(FIELD, HeaderValue::from_str(value).unwrap())]);
        let said = take(&mut fields)?;
        assert!(fields.is_empty());
        Some((said.received.map(|received| received.at.as_millis()), said.notes))
    }

    #[test]
    fn time_code_and_what_is_missing_are_read() {
        let (at, notes) =
            said("received=1800000000.250, source=\"a\", code=id_missing, body=cut, removed=2").unwrap();
        assert_eq!(at, Some(1_800_000_000_250));
        assert_eq!(notes[0], "A guard refused it with id_missing, at source a.");
        assert!(
            notes[1].starts_with("Only the beginning") && notes[2].contains("took 2 secrets"),
            "{notes:?}"
        );
        let (_, notes) = said("received=1.0, source=\"a\", code=id_missing, body=whole, removed=0").unwrap();
        assert_eq!(notes.len(), 1);
    }

    #[test]
    fn what_somebody_else_wrote_there_says_nothing() {
        assert_eq!(said("received=-1.0, code=\"x\", body=(a b), removed=1.5"), Some((None, Vec::new())));
        assert!(said("not a dictionary;;").is_none());
    }
}
