//! What a row says of a dialect.

use http::HeaderName;

use crate::schemes::covered::{BodyDigest, NamedAlgorithm};
use crate::schemes::key::KeyText;

/// How messages of one family are signed.
#[derive(Clone, Debug)]
pub struct Dialect {
    /// Where the signature may be; a sender uses the first.
    pub places: &'static [Place],
    /// What the key's id is called: `keyId`, `username`.
    pub key_id: &'static str,
    /// What may be signed with.
    pub algorithms: &'static [NamedAlgorithm],
    /// An algorithm's name that says nothing: the key alone decides.
    pub any_algorithm: Option<&'static str>,
    /// How a shared secret's text becomes its key.
    pub key: KeyText,
    /// Entries of the list that are no fields, and their lines.
    pub lines: &'static [(&'static str, Line)],
    /// Fields with the time of signing, the one that goes before the others
    /// first.
    pub dates: &'static [HeaderName],
    /// The list of a message that has none; without it each has one.
    pub list: Option<&'static str>,
    /// Whether the key's id is the first line, and each line has an end, as in
    /// APISIX.
    pub key_id_first: bool,
    /// What must be listed, unless the source says so.
    pub cover: &'static [&'static str],
    /// Whether the body must be covered, unless the source says so.
    pub body: BodyDigest,
}

/// Where a signature is.
#[derive(Debug)]
pub struct Place {
    /// The header.
    pub header: HeaderName,
    /// The authentication scheme before the parameters, in any letter case.
    pub word: Option<&'static str>,
}

/// A line that is not a field's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// `POST /path?query HTTP/1.1`. Always of that version: over HTTP/2 there is
    /// no such line, and what senders sign is this one.
    RequestLine,
    /// `name: post /path?query`.
    RequestTarget,
    /// `POST /path?query`.
    BareTarget,
    /// `name: ` and the parameter `created`.
    Created,
    /// `name: ` and the parameter `expires`.
    Expires,
}
