//! A template in words.

use super::Fact;
use crate::schemes::encoding::Encoding;
use crate::schemes::key::KeyText;
use crate::schemes::template::{
    Algorithm, Grammar, ListSyntax, Part, SignatureField, TimestampField, TimestampForm, TimestampPlace, Wire,
};

pub(super) fn facts(wire: &Wire) -> Vec<Fact> {
    let facts = [
        ("signature", signature(&wire.signature, wire.timestamp.as_ref())),
        ("algorithm", algorithm(wire.algorithm).to_owned()),
        ("key", key(wire.key)),
        ("signed", signed(wire)),
        ("timestamp", wire.timestamp.as_ref().map_or_else(|| "none is signed".to_owned(), timestamp)),
        (
            "id",
            wire.id.as_ref().map_or_else(|| "none is signed".to_owned(), |name| format!("{name}, signed")),
        ),
    ];
    facts.into_iter().map(|(name, text)| Fact { name, text }).collect()
}

fn signature(field: &SignatureField, timestamp: Option<&TimestampField>) -> String {
    let SignatureField { header, grammar, encoding } = field;
    let value = format!("<{}>", spelling(*encoding));
    match grammar {
        Grammar::Whole { prefix } => format!("{header}: {prefix}{value}"),
        Grammar::List { syntax, tag } => {
            let entry = |tag: &str, value: &str| format!("{tag}{}{value}", char::from(syntax.after_tag));
            let between = char::from(syntax.between);
            let time = match timestamp.map(|field| &field.place) {
                Some(TimestampPlace::SignatureEntry { tag, .. }) => {
                    format!("{}{between}", entry(tag, "<timestamp>"))
                }
                Some(TimestampPlace::Header(_)) | None => String::new(),
            };
            let signature = entry(tag, &value);
            format!("{header}: {time}{signature}; more than one {tag} may be given, other tags are skipped",)
        }
    }
}

const fn spelling(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Hex => "lower-case hex",
        Encoding::Base64 => "padded base64",
    }
}

const fn algorithm(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::HmacSha256 => "HMAC-SHA256",
    }
}

fn key(text: KeyText) -> String {
    match text {
        KeyText::Utf8 => "the secret's text as it is, prefixes included".to_owned(),
        KeyText::Base64 { prefix: "" } => "the bytes that the secret spells in base64".to_owned(),
        KeyText::Base64 { prefix } => {
            format!("the bytes that the secret spells in base64, after {prefix}, which may be left out")
        }
    }
}

/// The parts in their order, each that is not fixed text in braces.
fn signed(wire: &Wire) -> String {
    let part = |part: &Part| match part {
        Part::Literal(text) => (*text).to_owned(),
        Part::Id => "{id}".to_owned(),
        Part::Timestamp => "{timestamp}".to_owned(),
        Part::Body => "{body}".to_owned(),
    };
    wire.signed.iter().map(part).collect()
}

fn timestamp(field: &TimestampField) -> String {
    let TimestampField { place, form } = field;
    let form = match form {
        TimestampForm::UnixSeconds => "unix time in seconds",
    };
    match place {
        TimestampPlace::Header(name) => format!("{name}, signed, {form}"),
        TimestampPlace::SignatureEntry { tag, syntax: ListSyntax { after_tag, .. } } => {
            format!("{tag}{} in the signature header, signed, {form}", char::from(*after_tag))
        }
    }
}
