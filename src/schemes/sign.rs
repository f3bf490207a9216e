//! The sender's side: the same row that verifies, signs.

use http::{HeaderName, HeaderValue, Method};

use super::http_signatures;
use super::scheme::{Keyed, Scheme};
use crate::clock::UnixTime;

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The message id, for schemes that sign one; others take no notice of it.
    pub id: Option<&'a str>,
    /// The time of signing, for schemes that sign one.
    pub timestamp: UnixTime,
    /// The body, exactly as it will be sent.
    pub body: &'a [u8],
    /// The method.
    pub method: &'a Method,
    /// Path and query.
    pub target: &'a str,
    /// The URL that it is sent to, for schemes that sign it.
    pub public_url: Option<&'a str>,
}

/// Why a message cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The scheme signs an id and the message has none.
    #[error("the scheme signs a message id, and the message has none")]
    IdMissing,
    /// No receiver could take the id.
    #[error(
        "the message id is empty, too long, not visible ASCII, or ends in a part of digits that could be read as the timestamp"
    )]
    IdMalformed,
    /// The scheme signs the URL and the message has none.
    #[error("the scheme signs the URL that the message is sent to, and the message has none")]
    UrlMissing,
    /// Every key is a public one: it verifies, and cannot sign.
    #[error("the key is a public one, which verifies but cannot sign: give the private key")]
    PublicKey,
    /// A component must be covered that the message does not have, or that
    /// cannot be written.
    #[error("what must be covered is not in the message")]
    Unsignable,
    /// The URL does not have the body's digest, where the scheme signs that.
    #[error("the scheme signs a digest of the body in the URL's query, and the URL does not have the body's")]
    DigestMissing,
    /// A form of more fields than [`FORM_FIELDS_MAX`](super::FORM_FIELDS_MAX).
    #[error("the form has more fields than a receiver takes")]
    TooManyFields,
    /// The scheme reads in the body what only the sender's own service puts there.
    #[error("the scheme cannot sign: what proves a message is part of its body")]
    SignedInBody,
}

impl Scheme {
    /// Whether [`Scheme::sign`] takes `id`: any, where the scheme signs none.
    pub fn accepts_id(&self, id: &str) -> bool {
        match &self.keyed {
            Keyed::Template(template) => template.accepts_id(id),
            Keyed::HttpSignatures(_) => http_signatures::accepts_nonce(id),
            Keyed::Jwt(jwt) => jwt.accepts_id(id),
            Keyed::Cavage(_) | Keyed::Form(_) | Keyed::Mailgun(_) | Keyed::Token(_) => true,
        }
    }

    /// Why [`Scheme::sign`] refuses every message, if it does.
    pub fn cannot_sign(&self) -> Option<SignError> {
        match &self.keyed {
            Keyed::Template(template) if !template.can_sign() => Some(SignError::PublicKey),
            Keyed::Mailgun(_) => Some(SignError::SignedInBody),
            // What must be covered may be more than a message of ours has.
            Keyed::HttpSignatures(_) | Keyed::Cavage(_) => self.sign(&PROBE).err(),
            Keyed::Jwt(jwt) if !jwt.can_sign() => Some(SignError::PublicKey),
            Keyed::Template(_) | Keyed::Form(_) | Keyed::Jwt(_) | Keyed::Token(_) => None,
        }
    }

    /// The headers that make `message` verifiable: id, timestamp and signature,
    /// as far as the scheme has them. Signs with every secret where the header
    /// is a list, with the first otherwise.
    pub fn sign(&self, message: &Message<'_>) -> Result<Vec<(HeaderName, HeaderValue)>, SignError> {
        match &self.keyed {
            Keyed::Template(template) => template.sign(message),
            Keyed::HttpSignatures(signatures) => signatures.sign(message),
            Keyed::Cavage(cavage) => cavage.sign(message),
            Keyed::Form(form) => form.sign(message),
            Keyed::Mailgun(_) => Err(SignError::SignedInBody),
            Keyed::Token(token) => Ok(token.sign()),
            Keyed::Jwt(jwt) => jwt.sign(message),
        }
    }
}

/// A message that has what every message has.
const PROBE: Message<'_> = Message {
    id: None,
    timestamp: UnixTime::EPOCH,
    body: b"",
    method: &Method::POST,
    target: "/",
    public_url: Some("https://consumer.example/"),
};

pub(super) fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("ids are checked; rows, digits and signatures are visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::super::{SchemeOptions, preset};
    use super::*;
    use crate::keys::Secret;

    fn signed(preset_name: &str, secrets: &[&str], id: Option<&str>) -> Result<Vec<String>, SignError> {
        let secrets: Vec<_> = secrets.iter().map(|text| Secret::new(*text).into()).collect();
        let options = SchemeOptions { allow_weak_secret: true, ..SchemeOptions::default() };
        let scheme = Scheme::new(preset(preset_name).expect("a preset"), &secrets, options).expect("keys");
        let message = Message {
            id,
            timestamp: UnixTime::from_millis(1_700_000_000_999),
            body: b"{}",
            method: &Method::POST,
            target: "/",
            public_url: None,
        };
        let headers = scheme.sign(&message)?;
        Ok(headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or("?"))).collect())
    }

    #[test]
    fn a_list_is_signed_with_every_secret_and_a_whole_value_with_the_first() {
        let list = signed("stripe", &["one", "two"], None).expect("signed");
        assert_eq!(list.len(), 1);
        assert!(list[0].starts_with("stripe-signature: t=1700000000,v1="), "{list:?}");
        assert_eq!(list[0].matches(",v1=").count(), 2);

        let whole = signed("github", &["one", "two"], None);
        assert_eq!(whole, signed("github", &["one"], None));
        assert_eq!(whole.map(|headers| headers.len()), Ok(1));
    }

    #[test]
    fn an_id_that_no_receiver_takes_is_not_signed() {
        let sign = |id| signed("svix", &["YWJj"], id).map(|headers| headers[0].clone());
        assert_eq!(sign(Some("msg_1")), Ok("svix-id: msg_1".to_owned()));
        assert_eq!(sign(None), Err(SignError::IdMissing));
        let options = SchemeOptions { allow_weak_secret: true, ..SchemeOptions::default() };
        let scheme = Scheme::new(preset("svix").expect("a preset"), &[Secret::new("YWJj").into()], options)
            .expect("a key");
        assert!(scheme.accepts_id("msg_1"));
        for wrong in ["", "a b", "msg_1.1700000000"] {
            assert_eq!(sign(Some(wrong)), Err(SignError::IdMalformed), "{wrong:?}");
            assert!(!scheme.accepts_id(wrong), "{wrong:?}");
        }
    }
}
