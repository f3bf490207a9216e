//! What a row says of the wire.

use std::borrow::Cow;

use http::HeaderName;

use super::algorithm::Algorithm;
use super::parts::{self, Part};
use super::signatures::SignatureField;
use super::timestamp::TimestampField;
use crate::schemes::key::KeyText;

/// How a request is signed.
#[derive(Clone, Debug)]
pub struct Wire {
    /// The header with the signature.
    pub signature: SignatureField,
    /// How the signature is made. It comes from here, never from the message.
    pub algorithm: Algorithm,
    /// How the secret's text becomes the key.
    pub key: KeyText,
    /// The signed bytes. Holds [`Part::Id`] where `id` is given,
    /// [`Part::Timestamp`] where `timestamp` is and has a place in the head, and
    /// [`Part::Body`] once.
    pub signed: Cow<'static, [Part]>,
    /// The timestamp, where one is signed.
    pub timestamp: Option<TimestampField>,
    /// The header with the message id, where one is signed. An id that is not
    /// signed is nobody's evidence and not named here.
    pub id: Option<HeaderName>,
    /// Headers that have only one right value, such as a version. They are not
    /// signed: a wrong one says that the rest is not of this scheme.
    pub fixed: &'static [(&'static str, &'static str)],
}

impl Wire {
    /// Whether the URL is signed, so that a source must say what it is.
    pub fn signs_url(&self) -> bool {
        parts::hold_url(&self.signed)
    }
}
