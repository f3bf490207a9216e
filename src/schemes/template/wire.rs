//! What a row says of the wire.

use http::HeaderName;

use super::mac::Algorithm;
use super::parts::Part;
use super::signatures::SignatureField;
use super::timestamp::TimestampField;
use crate::schemes::key::KeyText;

/// How a request is signed.
#[derive(Debug)]
pub struct Wire {
    /// The header with the signature.
    pub signature: SignatureField,
    /// How the signature is made. It comes from here, never from the message.
    pub algorithm: Algorithm,
    /// How the secret's text becomes the key.
    pub key: KeyText,
    /// The signed bytes. Holds [`Part::Id`] where `id` is given and
    /// [`Part::Timestamp`] where `timestamp` is, and [`Part::Body`] once.
    pub signed: &'static [Part],
    /// The timestamp, where one is signed.
    pub timestamp: Option<TimestampField>,
    /// The header with the message id, where one is signed. An id that is not
    /// signed is nobody's evidence and not named here.
    pub id: Option<HeaderName>,
}
