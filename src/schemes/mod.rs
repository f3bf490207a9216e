//! How requests are signed: bytes, keys and a time in; proof or reason out.
//!
//! A scheme is a row of data ([`Preset`]). Most rows are a *template*: they
//! name their headers, encoding and algorithm, how the secret text becomes a
//! key, and the parts that are signed; what is irregular is a [`Mechanism`] of
//! its own. [`Scheme`] is a row together with keys. The same row verifies and
//! signs, so `verify(sign(m))` holds for each that can be signed.
//!
//! A delivery is judged in two steps. The *head*: [`Scheme::open`] reads
//! signature, timestamp and id and refuses what cannot be right, before a byte
//! of the body is read. The *body*: [`Open::update`] takes the bytes as they
//! arrive and [`Open::finish`] gives a [`Proof`] or a [`Refusal`].
//!
//! Everything here is pure: no socket, file, clock or lock. Nothing here may
//! read a body as text before its signature held, look at a header twice over,
//! or say which key nearly matched. What providers ask an endpoint before they
//! send to it is answered in `handshake`.
//!
//! Where to start: [`Scheme::open`] reads top-down; the rows are in
//! `presets/`; `mac.rs` is the one file that touches HMAC.
//!
//! ```
//! use countersign::clock::UnixTime;
//! use countersign::keys::Secret;
//! use countersign::schemes::{Head, Message, Refusal, Scheme, SchemeOptions, preset};
//! use http::{HeaderMap, Method};
//!
//! let secret = Secret::new("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=");
//! let preset = preset("standard-webhooks").expect("a preset");
//! let scheme = Scheme::new(preset, &[secret.into()], SchemeOptions::default())?;
//! let now = UnixTime::from_secs(1_700_000_000);
//!
//! // The sender's side.
//! let message = Message {
//!     id: Some("msg_1"),
//!     timestamp: now,
//!     body: b"{}",
//!     method: &Method::POST,
//!     target: "/hooks",
//!     public_url: None,
//! };
//! let fields: HeaderMap = scheme.sign(&message)?.into_iter().collect();
//!
//! // The receiver's side.
//! let head = Head { method: &Method::POST, target: "/hooks", fields: &fields, public_url: None };
//! let mut open = scheme.open(&head, now)?;
//! open.update(b"{}");
//! let proof = open.finish(b"{}")?;
//! assert_eq!(proof.message_id().map(|id| id.as_bytes()), Some(&b"msg_1"[..]));
//!
//! let mut open = scheme.open(&head, now)?;
//! open.update(b"{ }");
//! assert_eq!(open.finish(b"{ }").unwrap_err(), Refusal::SignatureMismatch);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod asymmetric;
mod cavage;
mod client_state;
mod covered;
mod demand;
pub mod describe;
mod digest;
mod encoding;
mod fields;
mod form;
mod freshness;
mod handshake;
mod http_signatures;
mod json;
mod jwt;
mod key;
mod mac;
mod mailgun;
mod open;
mod preset;
mod presets;
mod proof;
mod refusal;
mod scheme;
mod sign;
mod tag;
mod template;
mod token;
mod validity;
pub mod vectors;

pub use asymmetric::{KeyAlgorithm, KeyRejected};
pub use cavage::{Dialect, LINES_MAX, Line, Place};
pub use covered::{BodyDigest, KeyUse, NamedAlgorithm};
pub use demand::{Demand, OpenDemand, Proofs, Unmet};
pub use digest::Digest;
pub use encoding::Encoding;
pub use form::{FORM_FIELDS_MAX, FormCoverage, FormWire};
pub use handshake::{Answer, Asked, CHALLENGE_BYTES_MAX, Handshake, Responder, SIGNED_BYTES_MAX};
pub use http_signatures::{COMPONENTS_MAX, LABELS_MAX, MessageSignatures, Response};
pub use jwt::{
    KeySetError, KeySource, RequiredClaim, TOKEN_BYTES_MAX, TOKEN_KEYS_MAX, TokenKeys, TokenPlace,
    TokenRequirements, TokenRow,
};
pub use key::{KeyError, KeyFault, KeyText};
pub use mac::Hash;
pub use open::Open;
pub use preset::{Defaults, Mechanism, Policy, Preset, Row};
pub use presets::{ATTESTATION, preset, presets};
pub use proof::{Proof, ReplayIdentity};
pub use refusal::Refusal;
pub use scheme::{Beside, Credential, Head, SECRETS_MAX, Scheme, SchemeOptions};
pub use sign::{Message, SignError};
pub use template::{
    Algorithm, Grammar, ID_BYTES_MAX, ListSyntax, Part, SIGNATURES_MAX, SignatureField, SignedContentFault,
    TimestampField, TimestampForm, TimestampPlace, Wire, signed_content,
};
pub use token::{TokenForm, TokenWire};
pub use validity::Validity;
