//! A token in words.

use super::{Fact, bounds, facts as named};
use crate::schemes::jwt::{TokenPlace, TokenRow};
use crate::schemes::preset::Defaults;

pub(super) fn facts(row: &TokenRow) -> Vec<Fact> {
    let token = match &row.place {
        TokenPlace::Bearer => "authorization: Bearer <token>".to_owned(),
        TokenPlace::Header(name) => format!("{name}: <token>"),
    };
    let signed = match row.body_claim {
        Some(claim) => format!("the token, and in its claim {claim} the body's SHA-256"),
        None => "the token alone: nothing of the request".to_owned(),
    };
    let times = if row.expires {
        "exp, which must be there, and nbf"
    } else {
        "iat, and exp and nbf where they are there"
    };
    named([
        ("signature", token),
        ("algorithm", "the one of the key that the token names".to_owned()),
        ("key", "a public key, or a shared secret as text".to_owned()),
        ("signed", signed),
        ("timestamp", times.to_owned()),
        ("id", "jti, where a source says that a token is good for one delivery".to_owned()),
    ])
}

pub(super) fn policies(defaults: &Defaults) -> Vec<Fact> {
    let memory = [
        ("freshness", "for as long as the token says".to_owned()),
        ("memory", "none, unless a token is good for one delivery".to_owned()),
        ("copies", "cannot be told from the first, unless a token is good for one delivery".to_owned()),
    ];
    [named(memory), bounds(defaults)].concat()
}
