//! The algorithms of tokens, by their names (RFC 7518 section 3.1, RFC 8037
//! section 3.1, RFC 9864).

use crate::schemes::asymmetric::KeyAlgorithm;
use crate::schemes::mac::Hash;

/// How a token is signed. `none` is not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenAlgorithm {
    /// HMAC, with a shared secret.
    Hmac(Hash),
    /// A private key.
    Key(KeyAlgorithm),
}

impl TokenAlgorithm {
    /// The algorithm of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| *algorithm)
    }

    /// Its name in a header.
    pub(super) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }
}

/// Every name. Of two names for one algorithm the first is written.
const NAMES: [(&str, TokenAlgorithm); 13] = [
    ("HS256", TokenAlgorithm::Hmac(Hash::Sha256)),
    ("HS384", TokenAlgorithm::Hmac(Hash::Sha384)),
    ("HS512", TokenAlgorithm::Hmac(Hash::Sha512)),
    ("RS256", TokenAlgorithm::Key(KeyAlgorithm::RsaPkcs1Sha256)),
    ("RS384", TokenAlgorithm::Key(KeyAlgorithm::RsaPkcs1Sha384)),
    ("RS512", TokenAlgorithm::Key(KeyAlgorithm::RsaPkcs1Sha512)),
    ("PS256", TokenAlgorithm::Key(KeyAlgorithm::RsaPssSha256)),
    ("PS384", TokenAlgorithm::Key(KeyAlgorithm::RsaPssSha384)),
    ("PS512", TokenAlgorithm::Key(KeyAlgorithm::RsaPssSha512)),
    ("ES256", TokenAlgorithm::Key(KeyAlgorithm::EcdsaP256Fixed)),
    ("ES384", TokenAlgorithm::Key(KeyAlgorithm::EcdsaP384Fixed)),
    ("EdDSA", TokenAlgorithm::Key(KeyAlgorithm::Ed25519)),
    ("Ed25519", TokenAlgorithm::Key(KeyAlgorithm::Ed25519)),
];

/// What a source takes that does not say: of each kind of key, what everyone
/// has. A key takes the first that fits it.
pub(super) const USUAL: [TokenAlgorithm; 5] = [
    TokenAlgorithm::Hmac(Hash::Sha256),
    TokenAlgorithm::Key(KeyAlgorithm::EcdsaP256Fixed),
    TokenAlgorithm::Key(KeyAlgorithm::EcdsaP384Fixed),
    TokenAlgorithm::Key(KeyAlgorithm::Ed25519),
    TokenAlgorithm::Key(KeyAlgorithm::RsaPkcs1Sha256),
];
