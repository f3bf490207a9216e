//! A template in words.

use super::{Fact, facts as named};
use crate::schemes::encoding::Encoding;
use crate::schemes::key::KeyText;
use crate::schemes::mac::Hash;
use crate::schemes::template::{
    Algorithm, Grammar, ListSyntax, Part, SignatureField, TimestampField, TimestampForm, TimestampPlace, Wire,
};

pub(super) fn facts(wire: &Wire) -> Vec<Fact> {
    let mut facts = named([
        ("signature", signature(&wire.signature, wire.timestamp.as_ref())),
        ("algorithm", algorithm(wire.algorithm)),
        ("key", key(wire.key)),
        ("signed", wire.signed.iter().map(part).collect()),
        ("timestamp", wire.timestamp.as_ref().map_or_else(|| "none is signed".to_owned(), timestamp)),
        (
            "id",
            wire.id.as_ref().map_or_else(|| "none is signed".to_owned(), |name| format!("{name}, signed")),
        ),
    ]);
    if !wire.fixed.is_empty() {
        let fixed: Vec<_> = wire.fixed.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        facts.extend(named([("fixed", fixed.join(", "))]));
    }
    facts
}

fn signature(field: &SignatureField, timestamp: Option<&TimestampField>) -> String {
    let SignatureField { header, more, grammar, encoding } = field;
    let beside = if more.is_empty() { String::new() } else { format!(", or {}", more.join(", ")) };
    let value = format!("<{}>", spelling(*encoding));
    match grammar {
        Grammar::Whole { prefix } => format!("{header}: {prefix}{value}{beside}"),
        Grammar::List { syntax, tag } => {
            let ListSyntax { between, after_tag, spaced } = syntax;
            let between = format!("{}{}", char::from(*between), if *spaced { "[ ]" } else { "" });
            let time = match timestamp.map(|field| &field.place) {
                Some(TimestampPlace::SignatureEntry { tag, .. }) => {
                    format!("{tag}{}<timestamp>{between}", char::from(*after_tag))
                }
                Some(TimestampPlace::Header(_) | TimestampPlace::JsonField(_)) | None => String::new(),
            };
            let entry = format!("{tag}{}{value}", char::from(*after_tag));
            format!(
                "{header}: {time}{entry}{beside}; more than one {tag} may be given, other tags are skipped"
            )
        }
    }
}

const fn spelling(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Hex => "lower-case hex",
        Encoding::Base64 => "padded base64",
    }
}

fn algorithm(algorithm: Algorithm) -> String {
    match algorithm {
        Algorithm::Hmac(hash) => hmac(hash).to_owned(),
        Algorithm::Ed25519 => "Ed25519".to_owned(),
        Algorithm::EcdsaP256 => "ECDSA over P-256 with SHA-256, in DER".to_owned(),
    }
}

pub(super) const fn hmac(hash: Hash) -> &'static str {
    match hash {
        Hash::Sha1 => "HMAC-SHA1",
        Hash::Sha256 => "HMAC-SHA256",
        Hash::Sha384 => "HMAC-SHA384",
        Hash::Sha512 => "HMAC-SHA512",
    }
}

pub(super) fn key(text: KeyText) -> String {
    match text {
        KeyText::Utf8 => "the secret's text as it is, prefixes included".to_owned(),
        KeyText::Base64 { prefix: "" } => "the bytes that the secret spells in base64".to_owned(),
        KeyText::Base64 { prefix } => {
            format!("the bytes that the secret spells in base64, after {prefix}, which may be left out")
        }
        KeyText::Marked { base64 } => {
            format!("the secret's text as it is, or the bytes that it spells in base64 after {base64}")
        }
        KeyText::Hex => "the bytes that the secret spells in hex".to_owned(),
        KeyText::Ed25519Hex => "the sender's public key: 32 bytes in hex, or PEM".to_owned(),
        KeyText::Ed25519Webhook => "the sender's public key: base64 after whpk_, or PEM".to_owned(),
        KeyText::Spki => "the sender's public key: SubjectPublicKeyInfo in base64, or PEM".to_owned(),
    }
}

/// What is not fixed text stands in braces.
fn part(part: &Part) -> String {
    match part {
        Part::Literal(text) => (*text).to_owned(),
        Part::Text(text) => text.clone().into(),
        Part::Id => "{id}".to_owned(),
        Part::Timestamp => "{timestamp}".to_owned(),
        Part::Body => "{body}".to_owned(),
        Part::Method => "{method}".to_owned(),
        Part::Url => "{url}".to_owned(),
        Part::UrlDecoded => "{url, twelve escapes decoded}".to_owned(),
    }
}

fn timestamp(field: &TimestampField) -> String {
    let TimestampField { place, form } = field;
    let form = match form {
        TimestampForm::UnixSeconds => "unix time in seconds",
        TimestampForm::UnixMillis => "unix time in milliseconds",
        TimestampForm::Rfc3339 => "RFC 3339",
    };
    match place {
        TimestampPlace::Header(name) => format!("{name}, {form}, signed"),
        TimestampPlace::SignatureEntry { tag, syntax: ListSyntax { after_tag, .. } } => {
            format!("{tag}{} in the signature header, {form}, signed", char::from(*after_tag))
        }
        TimestampPlace::JsonField(name) => format!("{name} in the body's JSON, {form}, signed with it"),
    }
}
