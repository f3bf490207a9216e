//! A signature over the URL and the fields of a form: Twilio and Mandrill.
//!
//! The fields are signed in the order of their names, decoded and without a
//! separator, so the body must be whole before anything can be
//! checked, and `a=bc` cannot be told from `ab=c`: a limit of these schemes.
//! For other bodies Twilio puts a digest into the URL instead.

mod open;
mod pairs;
mod spelling;

use http::{HeaderName, HeaderValue};
use smallvec::SmallVec;

use super::digest::Digest;
use super::encoding::Encoding;
use super::fields;
use super::key::{KeyError, KeyText};
use super::mac::{Hash, Mac};
use super::refusal::Refusal;
use super::scheme::{Credential, Head, SchemeOptions};
use super::sign::{Message, SignError, value};
use super::tag::Tag;
use super::validity::At;

pub use pairs::FORM_FIELDS_MAX;

pub(super) use open::OpenForm;
pub(super) use pairs::pairs;

/// What a row says of a signed form.
#[derive(Clone, Debug)]
pub struct FormWire {
    /// The header with the signature, which is base64.
    pub header: HeaderName,
    /// The hash of its HMAC; the key is the secret's text.
    pub hash: Hash,
    /// What of the body is signed.
    pub covers: FormCoverage,
    /// Whether equal fields are signed once. Where they are not, one that is
    /// added to a form is no longer what was signed.
    pub each_once: bool,
    /// Whether the URL may be signed with its port as well as without.
    pub either_port: bool,
}

/// What of the body a signed form covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormCoverage {
    /// The fields, after the URL.
    Fields,
    /// The digest that the URL has under this name: SHA-256 in lower-case hex.
    DigestInQuery(&'static str),
}

/// A row with its keys. Immutable.
#[derive(Debug)]
pub(super) struct Form {
    wire: FormWire,
    keys: SmallVec<[Mac; 2]>,
}

impl Form {
    pub(super) fn new(
        wire: &FormWire,
        credentials: &[Credential],
        options: &SchemeOptions,
    ) -> Result<Self, KeyError> {
        let keyed = |(slot, credential): (usize, &Credential)| match KeyText::Utf8
            .key(&credential.secret, options.weak_keys())
        {
            Ok(key) => Ok(Mac::new(wire.hash, &key)),
            Err(fault) => Err(KeyError::Unusable { slot, fault }),
        };
        let keys = credentials.iter().enumerate().map(keyed).collect::<Result<_, _>>()?;
        Ok(Self { wire: wire.clone(), keys })
    }

    pub(super) fn secret_count(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn security_headers(&self) -> &[HeaderName] {
        std::slice::from_ref(&self.wire.header)
    }

    pub(super) fn open(&self, head: &Head<'_>, at: At) -> Result<OpenForm, Refusal> {
        let signature = fields::only(head.fields, &self.wire.header, Refusal::SignatureMissing)?;
        let candidate = Tag::decode(Encoding::Base64, signature.as_bytes());
        let candidate = candidate.filter(|tag| tag.as_bytes().len() == self.wire.hash.bytes());
        let candidate = candidate.ok_or(Refusal::SignatureMalformed)?;
        let url = head.public_url.ok_or(Refusal::ComponentMissing)?;
        let spellings =
            if self.wire.either_port { spelling::spellings(url) } else { [Some(url.to_owned()), None] };
        Ok(OpenForm {
            keys: self.keys.clone(),
            in_time: at.secrets,
            candidate,
            spellings,
            covers: self.wire.covers,
            each_once: self.wire.each_once,
        })
    }

    /// Signs with the first key.
    pub(super) fn sign(&self, message: &Message<'_>) -> Result<Vec<(HeaderName, HeaderValue)>, SignError> {
        let url = message.public_url.ok_or(SignError::UrlMissing)?;
        let mut mac = self.keys.first().expect("a scheme has a key").clone();
        mac.update(url.as_bytes());
        match self.wire.covers {
            FormCoverage::Fields => {
                open::for_each_field(message.body, self.wire.each_once, |bytes| mac.update(bytes))
                    .ok_or(SignError::TooManyFields)?;
            }
            FormCoverage::DigestInQuery(name) => {
                let digest = open::digest_in_query(url, name).map_err(|_| SignError::DigestMissing)?;
                if digest != *Digest::of(message.body).as_bytes() {
                    return Err(SignError::DigestMissing);
                }
            }
        }
        let signature = Encoding::Base64.encode(mac.into_tag().as_bytes());
        Ok(vec![(self.wire.header.clone(), value(&signature))])
    }
}
