//! What a row says, in words: for people who connect a provider, and for the
//! page that is made of all rows.
//!
//! Every match is exhaustive, so a row that can say something new cannot be
//! described as if it did not. Nothing here decides anything.
//!
//! ```
//! use countersign::schemes::describe::describe;
//! use countersign::schemes::preset;
//!
//! let facts = describe(preset("stripe").expect("a preset"));
//! let signed = facts.iter().find(|fact| fact.name == "signed").expect("every row says it");
//! assert_eq!(signed.text, "{timestamp}.{body}");
//! ```

mod covered;
mod jwt;
mod others;
mod template;
mod words;

use std::time::Duration;

use http::HeaderName;

use super::handshake::Handshake;
use super::preset::{Defaults, Mechanism, Policy, Preset};
use words::{list, size, span};

/// One thing to know about a preset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is about: one lower-case word, the same for every preset.
    pub name: &'static str,
    /// What is to be known, as a phrase without a full stop.
    pub text: String,
}

/// What is to be known about `preset`, the wire first and the policies last.
pub fn describe(preset: &Preset) -> Vec<Fact> {
    let (mut facts, known_by_id) = match &preset.mechanism {
        Mechanism::Template(wire) => (template::facts(wire), wire.id.is_some()),
        Mechanism::HttpSignatures(row) => (covered::http_signatures(row), false),
        Mechanism::Cavage(dialect) => (covered::cavage(dialect), false),
        Mechanism::Form(wire) => (others::form(wire), false),
        Mechanism::Mailgun => (others::mailgun(), true),
        Mechanism::Jwt(row) => return [jwt::facts(row), jwt::policies(&preset.defaults)].concat(),
        Mechanism::Token(wire) => {
            return [others::token(wire), unknown_copies(), bounds(&preset.defaults)].concat();
        }
        Mechanism::ClientState => {
            return [others::client_state(), unknown_copies(), bounds(&preset.defaults)].concat();
        }
    };
    facts.extend(policies(&preset.defaults, known_by_id));
    facts
}

/// The header that a request of this preset is known by; `None` where its
/// signature is in the body.
pub fn signature_header(preset: &Preset) -> Option<HeaderName> {
    match &preset.mechanism {
        Mechanism::Template(wire) => Some(wire.signature.header.clone()),
        Mechanism::HttpSignatures(_) => Some(HeaderName::from_static("signature")),
        Mechanism::Cavage(dialect) => dialect.places.first().map(|place| place.header.clone()),
        Mechanism::Form(wire) => Some(wire.header.clone()),
        Mechanism::Mailgun | Mechanism::ClientState => None,
        Mechanism::Jwt(row) => Some(row.header()),
        Mechanism::Token(wire) => Some(wire.header.clone()),
    }
}

/// Where nothing of the request is signed.
fn unknown_copies() -> Vec<Fact> {
    facts([
        ("freshness", "no time is signed".to_owned()),
        ("memory", "none: nothing of the request is signed".to_owned()),
        ("copies", "cannot be told from the first, and are forwarded".to_owned()),
    ])
}

fn policies(defaults: &Defaults, known_by_id: bool) -> Vec<Fact> {
    let memory = [
        ("freshness", freshness(defaults.tolerance)),
        ("memory", memory(defaults, known_by_id)),
        ("copies", copies(defaults, known_by_id)),
    ];
    [facts(memory), bounds(defaults)].concat()
}

/// What is taken, however it is signed.
fn bounds(defaults: &Defaults) -> Vec<Fact> {
    let methods: Vec<_> = defaults.methods.iter().map(ToString::to_string).collect();
    let set_up = defaults.handshake.map_or("none", Handshake::name);
    let deadline =
        defaults.answer_deadline.map(|deadline| ("answer", format!("awaited for {}", span(deadline))));
    let pairs = [
        ("body", format!("at most {}", size(defaults.body_bytes_max))),
        ("methods", list(&methods)),
        ("handshake", set_up.to_owned()),
    ]
    .into_iter()
    .chain(deadline);
    facts(pairs)
}

fn facts(pairs: impl IntoIterator<Item = (&'static str, String)>) -> Vec<Fact> {
    pairs.into_iter().map(|(name, text)| Fact { name, text }).collect()
}

fn freshness(tolerance: Option<Duration>) -> String {
    match tolerance {
        Some(tolerance) => {
            format!("signed at most {} before the guard's clock, or ahead of it", span(tolerance))
        }
        None => "no time is signed: a copy is known by memory alone".to_owned(),
    }
}

fn memory(defaults: &Defaults, known_by_id: bool) -> String {
    match (known_by_id, defaults.tolerance) {
        (true, _) => "the signed id, for --dedupe-window".to_owned(),
        (false, Some(_)) => "the signed bytes, for as long as they are fresh".to_owned(),
        (false, None) => format!("the signed bytes, for {}", span(defaults.window)),
    }
}

/// Only the classes that the scheme can tell apart.
fn copies(defaults: &Defaults, known_by_id: bool) -> String {
    let replay = format!("a replay is {}", fate(defaults.on_replay));
    let retry = format!("a retry (same id and body, signed anew) is {}", fate(defaults.on_retry));
    match (defaults.tolerance, known_by_id) {
        (Some(_), true) => format!("{replay}; {retry}"),
        (Some(_), false) => replay,
        (None, _) => format!("a redelivery is {}", fate(defaults.on_redelivery)),
    }
}

const fn fate(policy: Policy) -> &'static str {
    match policy {
        Policy::Refuse => "refused with 409",
        Policy::Acknowledge => "answered 200 and not forwarded",
        Policy::Forward => "forwarded once more",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::{preset, presets};
    use super::*;

    fn fact(name: &str, about: &str) -> Option<String> {
        let facts = describe(preset(name).expect("a preset"));
        facts.into_iter().find(|fact| fact.name == about).map(|fact| fact.text)
    }

    #[test]
    fn every_row_says_everything_once() {
        for preset in presets() {
            let facts = describe(preset);
            let names: HashSet<_> = facts.iter().map(|fact| fact.name).collect();
            assert_eq!(names.len(), facts.len(), "{}", preset.name);
            for Fact { name, text } in &facts {
                assert!(!text.is_empty() && !text.ends_with('.'), "{}: {name}: {text}", preset.name);
            }
        }
    }

    #[test]
    fn memory_and_copies_are_those_of_the_class_that_the_row_can_tell() {
        assert_eq!(fact("svix", "memory").as_deref(), Some("the signed id, for --dedupe-window"));
        assert_eq!(fact("github", "memory").as_deref(), Some("the signed bytes, for 3 days"));
        assert_eq!(
            fact("stripe", "memory").as_deref(),
            Some("the signed bytes, for as long as they are fresh")
        );
        assert_eq!(
            fact("shopify", "copies").as_deref(),
            Some("a redelivery is answered 200 and not forwarded")
        );
    }
}
