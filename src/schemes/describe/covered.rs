//! Signatures that say themselves what they cover, in words.

use super::template::{hmac, key};
use super::words::list;
use super::{Fact, facts as named};
use crate::schemes::cavage::Dialect;
use crate::schemes::covered::{BodyDigest, KeyUse, NamedAlgorithm};
use crate::schemes::http_signatures::MessageSignatures;

/// RFC 9421.
pub(super) fn http_signatures(row: &MessageSignatures) -> Vec<Fact> {
    named([
        ("signature", "signature: <label>=:<padded base64>:, described by signature-input".to_owned()),
        (
            "algorithm",
            "the one of the key that keyid names; --algorithm says which a source takes".to_owned(),
        ),
        ("key", "by keyid: a shared secret, or a public key in PEM".to_owned()),
        ("signed", format!("the components that signature-input lists{}", must_cover(row.cover, row.body))),
        ("timestamp", "created, and expires where it is there, unix time in seconds, signed".to_owned()),
        ("id", "none: a nonce is made anew for each retry".to_owned()),
    ])
}

/// The drafts before it, and what was made of them.
pub(super) fn cavage(dialect: &Dialect) -> Vec<Fact> {
    let places: Vec<_> = dialect
        .places
        .iter()
        .map(|place| {
            format!(
                "{}: {}<parameters>",
                place.header,
                place.word.map(|word| format!("{word} ")).unwrap_or_default()
            )
        })
        .collect();
    let algorithms: Vec<_> = dialect.algorithms.iter().map(|algorithm| algorithm_name(*algorithm)).collect();
    let dates: Vec<_> = dialect.dates.iter().map(ToString::to_string).collect();
    named([
        ("signature", places.join(", or ")),
        ("algorithm", list(&algorithms)),
        ("key", format!("by {}: {}", dialect.key_id, key(dialect.key))),
        ("signed", format!("the lines that the parameters list{}", must_cover(dialect.cover, dialect.body))),
        ("timestamp", format!("{}, or the parameter created where there is one, signed", list(&dates))),
        ("id", "none is signed".to_owned()),
    ])
}

fn must_cover(cover: &[&str], body: BodyDigest) -> String {
    let cover: Vec<_> = cover.iter().map(|name| (*name).to_owned()).collect();
    let listed = if cover.is_empty() { String::new() } else { format!(", among them {}", list(&cover)) };
    match body {
        BodyDigest::Required => format!("{listed}; the body by its digest, which must be there"),
        BodyDigest::IfSigned => format!("{listed}; the body only where a digest of it is listed"),
    }
}

fn algorithm_name(algorithm: NamedAlgorithm) -> String {
    let NamedAlgorithm { name, used, by_default } = algorithm;
    let what = match used {
        KeyUse::Mac(hash) => format!("{name} ({})", hmac(hash)),
        KeyUse::Signature(_) => name.to_owned(),
    };
    if by_default { what } else { format!("{what}, where a source names it") }
}
