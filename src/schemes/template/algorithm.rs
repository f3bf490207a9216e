//! How the signature of a template is made.

use crate::schemes::asymmetric::KeyAlgorithm;
use crate::schemes::mac::Hash;

/// How a signature is made. It comes from the row, never from the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC (RFC 2104): whoever verifies could sign.
    Hmac(Hash),
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA over P-256 with SHA-256, the signature in DER.
    EcdsaP256,
}

impl Algorithm {
    /// Which keys it takes, where they are not shared secrets.
    pub(super) const fn asymmetric(self) -> Option<KeyAlgorithm> {
        match self {
            Self::Hmac(_) => None,
            Self::Ed25519 => Some(KeyAlgorithm::Ed25519),
            Self::EcdsaP256 => Some(KeyAlgorithm::EcdsaP256Der),
        }
    }

    /// Whether a signature may have this many bytes.
    pub(super) const fn takes(self, bytes: usize) -> bool {
        match self {
            Self::Hmac(hash) => bytes == hash.bytes(),
            Self::Ed25519 => bytes == 64,
            // Two integers of a sequence (RFC 3279 section 2.2.3).
            Self::EcdsaP256 => bytes >= 8 && bytes <= 72,
        }
    }
}
