//! HTTP Message Signatures (RFC 9421), the body by Content-Digest (RFC 9530).
//!
//! ```text
//! Content-Digest: sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:
//! Signature-Input: sig1=("@method" "@target-uri" "content-digest");created=1618884473;keyid="k"
//! Signature: sig1=:<signature>:
//! ```
//!
//! What is signed, the *signature base*, has a line for each component of the
//! list, in its order, and last the list itself with its parameters:
//!
//! ```text
//! "@method": POST
//! "@target-uri": https://hooks.example.com/in
//! "content-digest": sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:
//! "@signature-params": ("@method" "@target-uri" "content-digest");created=1618884473;keyid="k"
//! ```
//!
//! The sender chooses the list, so a signature says nothing of what it leaves
//! out: the source says what must be in it (section 7.2.1), and the key, never
//! the message, what made it (section 7.3.6). Where the request was sent to
//! comes from the configured public URL, never from a field of the request.
//!
//! A list that is not written as RFC 9651 would write it is signed as if it
//! were (section 2.5): `base.rs` writes it anew from what was parsed.

mod base;
mod compiled;
mod component;
mod field;
mod input;
mod query;
mod sign;
mod subject;

use super::covered::{BodyDigest, KeyUse, NamedAlgorithm};
use super::mac::Hash;
use super::{KeyAlgorithm, KeyText};

pub(super) use compiled::HttpSignatures;
pub(super) use sign::accepts_nonce;
pub use subject::Response;

/// What a row says of messages signed by RFC 9421.
#[derive(Clone, Debug)]
pub struct MessageSignatures {
    /// The components that must be covered, unless the source says which.
    pub cover: &'static [&'static str],
    /// Whether the body must be, unless the source says so.
    pub body: BodyDigest,
}

/// The most signatures of one message: the sender's, and those of proxies.
pub const LABELS_MAX: usize = 16;

/// The most components that one signature covers.
pub const COMPONENTS_MAX: usize = 64;

/// The algorithms of RFC 9421 section 6.2.2. RSASSA-PKCS1-v1_5 must be asked for
/// by name: an RSA key is for one of the two.
const ALGORITHMS: &[NamedAlgorithm] = &[
    algorithm("hmac-sha256", KeyUse::Mac(Hash::Sha256), true),
    algorithm("ed25519", KeyUse::Signature(KeyAlgorithm::Ed25519), true),
    algorithm("ecdsa-p256-sha256", KeyUse::Signature(KeyAlgorithm::EcdsaP256Fixed), true),
    algorithm("ecdsa-p384-sha384", KeyUse::Signature(KeyAlgorithm::EcdsaP384Fixed), true),
    algorithm("rsa-pss-sha512", KeyUse::Signature(KeyAlgorithm::RsaPssSha512), true),
    algorithm("rsa-v1_5-sha256", KeyUse::Signature(KeyAlgorithm::RsaPkcs1Sha256), false),
];

const fn algorithm(name: &'static str, used: KeyUse, by_default: bool) -> NamedAlgorithm {
    NamedAlgorithm { name, used, by_default }
}

/// Shared secrets are bytes (RFC 9421 appendix B.1.5 shows one in base64), and a
/// file or variable may have them as text.
const KEY_TEXT: KeyText = KeyText::Marked { base64: "base64:" };
