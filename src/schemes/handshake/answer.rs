//! What a set-up request is answered with. Always 200.

use std::fmt;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue};
use serde::Serialize;

/// The fields and the body of an answer with status 200.
///
/// What it echoes came from a stranger. It is sent as text or JSON that a
/// browser may not take for anything else, and that nobody keeps.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The fields, less `Content-Length`.
    pub fields: Vec<(HeaderName, HeaderValue)>,
    /// The body, which may be empty.
    pub body: Bytes,
}

impl fmt::Debug for Answer {
    /// Without the body, which may be a MAC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("fields", &self.fields).finish_non_exhaustive()
    }
}

impl Answer {
    /// No body, and these fields.
    pub(super) fn empty(fields: Vec<(HeaderName, HeaderValue)>) -> Self {
        Self { fields, body: Bytes::new() }
    }

    /// `text` as it is.
    pub(super) fn text(text: String) -> Self {
        Self::of("text/plain", text.into())
    }

    /// `value` as JSON.
    pub(super) fn json(value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).expect("a struct of texts and numbers can be written");
        Self::of("application/json", body.into())
    }

    fn of(media_type: &'static str, body: Bytes) -> Self {
        let fields =
            [(CONTENT_TYPE, media_type), (X_CONTENT_TYPE_OPTIONS, "nosniff"), (CACHE_CONTROL, "no-store")];
        Self { fields: fields.map(|(name, value)| (name, HeaderValue::from_static(value))).into(), body }
    }
}
