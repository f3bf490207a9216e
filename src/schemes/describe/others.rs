//! The mechanisms that are neither a template nor say what they cover, in words.

use super::template::hmac;
use super::{Fact, facts as named};
use crate::schemes::form::{FormCoverage, FormWire};
use crate::schemes::token::{TokenForm, TokenWire};

/// A form and its URL.
pub(super) fn form(wire: &FormWire) -> Vec<Fact> {
    let port = if wire.either_port { " (with its port or without)" } else { "" };
    let signed = match wire.covers {
        FormCoverage::Fields => {
            let once = if wire.each_once { ", equal ones once" } else { "" };
            format!(
                "{{url}}{port}, then name and value of each field of the form, decoded, in the order of the names{once}"
            )
        }
        FormCoverage::DigestInQuery(name) => {
            format!("{{url}}{port}, whose parameter {name} is the body's SHA-256 in lower-case hex")
        }
    };
    named([
        ("signature", format!("{}: <padded base64>", wire.header)),
        ("algorithm", hmac(wire.hash).to_owned()),
        ("key", "the secret's text as it is, prefixes included".to_owned()),
        ("signed", signed),
        ("timestamp", "none is signed".to_owned()),
        ("id", "none is signed".to_owned()),
    ])
}

pub(super) fn mailgun() -> Vec<Fact> {
    named([
        ("signature", "signature in the body, JSON or form: <lower-case hex>".to_owned()),
        ("algorithm", "HMAC-SHA256".to_owned()),
        ("key", "the secret's text as it is, prefixes included".to_owned()),
        ("signed", "{timestamp}{token}, both of the body; nothing else of it".to_owned()),
        ("timestamp", "timestamp in the body, unix time in seconds, signed".to_owned()),
        ("id", "token in the body, signed, used once".to_owned()),
    ])
}

pub(super) fn client_state() -> Vec<Fact> {
    named([
        ("signature", "clientState of each notification in the JSON body: <token>".to_owned()),
        ("algorithm", "none: the token is compared in constant time".to_owned()),
        ("key", "the token".to_owned()),
        ("signed", "nothing of the request".to_owned()),
        ("timestamp", "none".to_owned()),
        ("id", "none".to_owned()),
    ])
}

pub(super) fn token(wire: &TokenWire) -> Vec<Fact> {
    let value = match wire.form {
        TokenForm::Plain => "<token>",
        TokenForm::Bearer => "Bearer <token>",
        TokenForm::Basic => "Basic <base64 of user:password>",
    };
    named([
        ("signature", format!("{}: {value}", wire.header)),
        ("algorithm", "none: the token is compared in constant time".to_owned()),
        ("key", "the token; for Basic user:password".to_owned()),
        ("signed", "nothing of the request".to_owned()),
        ("timestamp", "none".to_owned()),
        ("id", "none".to_owned()),
    ])
}
