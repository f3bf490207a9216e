//! Public and private keys. The one file that touches asymmetric cryptography.
//!
//! A key is read once, at the start, for exactly one [`KeyAlgorithm`]: what a
//! message says of its algorithm can change nothing. Verification is strict:
//!
//! - Ed25519 (RFC 8032): `S` is below the group order, and a public key of small
//!   order, under which a signature can hold over every message, is refused.
//! - ECDSA: both `(r, s)` and `(r, n - s)` hold, so a signature is never a name
//!   for what it signs; the signed bytes are.
//! - RSA: at least 2048 bits.
//!
//! A private key verifies too, by its public half. Signing with ECDSA or
//! RSA-PSS draws on the system's generator.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self as lc, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, ParsedPublicKey,
    RsaEncoding, RsaKeyPair, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer};

/// What a key signs with, its hash and the form of its signatures included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyAlgorithm {
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ECDSA over P-256 with SHA-256, the signature in DER (RFC 3279).
    EcdsaP256Der,
    /// The same, the signature as `r` and `s` of 32 bytes each (RFC 7518 section 3.4).
    EcdsaP256Fixed,
    /// ECDSA over P-384 with SHA-384, `r` and `s` of 48 bytes each.
    EcdsaP384Fixed,
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017).
    RsaPkcs1Sha256,
    /// The same with SHA-384.
    RsaPkcs1Sha384,
    /// The same with SHA-512.
    RsaPkcs1Sha512,
    /// RSASSA-PSS with SHA-256, the salt as long as the hash (RFC 8017).
    RsaPssSha256,
    /// The same with SHA-384.
    RsaPssSha384,
    /// The same with SHA-512.
    RsaPssSha512,
}

/// Why bytes are no key of the algorithm. Holds none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRejected {
    /// Not PEM, not DER, or of another algorithm.
    #[error("it is not a key of the scheme's algorithm")]
    Unreadable,
    /// An Ed25519 public key of small order (RFC 8032 section 8.9 and libsodium's list).
    #[error("it is a public key of small order, under which signatures prove nothing")]
    SmallOrder,
    /// An RSA key of fewer than 2048 bits.
    #[error("it is an RSA key of fewer than 2048 bits")]
    Short,
}

/// A key that verifies, and signs where it is a private one. Cheap to clone.
#[derive(Clone)]
pub(super) struct AsymmetricKey {
    public: Arc<ParsedPublicKey>,
    private: Option<Arc<PrivateKey>>,
}

enum PrivateKey {
    Ed25519(Ed25519KeyPair),
    Ecdsa(EcdsaKeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

#[allow(dead_code)] // Each way in is some scheme's; not every build has them all yet.
impl AsymmetricKey {
    /// Reads the first PEM section that is a key: `PUBLIC KEY` (RFC 5280), or a
    /// private one in PKCS#8, SEC1 or PKCS#1.
    pub(super) fn from_pem(pem: &[u8], algorithm: KeyAlgorithm) -> Result<Self, KeyRejected> {
        if let Ok(spki) = SubjectPublicKeyInfoDer::from_pem_slice(pem) {
            return Self::from_public(&spki, algorithm);
        }
        let private = PrivateKeyDer::from_pem_slice(pem).map_err(|_| KeyRejected::Unreadable)?;
        Self::from_private(&private, algorithm)
    }

    /// Reads a public key: `SubjectPublicKeyInfo` (RFC 5280) in DER, or raw, as 32
    /// bytes of Ed25519 or an uncompressed point (SEC 1 section 2.3.3).
    pub(super) fn from_public(bytes: &[u8], algorithm: KeyAlgorithm) -> Result<Self, KeyRejected> {
        let public = ParsedPublicKey::new(algorithm.verification(), bytes);
        Self::new(public.map_err(|_| KeyRejected::Unreadable)?, None, algorithm)
    }

    /// Reads an RSA public key of modulus and exponent, big-endian, as in a JWK
    /// (RFC 7518 section 6.3.1).
    pub(super) fn from_rsa_components(
        modulus: &[u8],
        exponent: &[u8],
        algorithm: KeyAlgorithm,
    ) -> Result<Self, KeyRejected> {
        let parameters = algorithm.rsa().ok_or(KeyRejected::Unreadable)?.0;
        let public = RsaPublicKeyComponents { n: modulus, e: exponent }.to_parsed_public_key(parameters);
        Self::new(public.map_err(|_| KeyRejected::Unreadable)?, None, algorithm)
    }

    /// Reads an Ed25519 private key: its seed of 32 bytes (RFC 8032 section 5.1.5).
    pub(super) fn from_ed25519_seed(seed: &[u8]) -> Result<Self, KeyRejected> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyRejected::Unreadable)?;
        Self::pair(PrivateKey::Ed25519(pair), KeyAlgorithm::Ed25519)
    }

    fn from_private(der: &PrivateKeyDer<'_>, algorithm: KeyAlgorithm) -> Result<Self, KeyRejected> {
        let pair = match (algorithm, der) {
            (KeyAlgorithm::Ed25519, PrivateKeyDer::Pkcs8(der)) => {
                Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_pkcs8_der()).map(PrivateKey::Ed25519)
            }
            (_, PrivateKeyDer::Pkcs8(_) | PrivateKeyDer::Sec1(_)) if algorithm.ecdsa().is_some() => {
                let signing = algorithm.ecdsa().ok_or(KeyRejected::Unreadable)?;
                EcdsaKeyPair::from_private_key_der(signing, der.secret_der()).map(PrivateKey::Ecdsa)
            }
            (_, PrivateKeyDer::Pkcs8(_) | PrivateKeyDer::Pkcs1(_)) => {
                let (_, encoding) = algorithm.rsa().ok_or(KeyRejected::Unreadable)?;
                let pair = match der {
                    PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
                    _ => RsaKeyPair::from_der(der.secret_der()),
                };
                pair.map(|pair| PrivateKey::Rsa(pair, encoding))
            }
            _ => return Err(KeyRejected::Unreadable),
        };
        Self::pair(pair.map_err(|_| KeyRejected::Unreadable)?, algorithm)
    }

    fn pair(private: PrivateKey, algorithm: KeyAlgorithm) -> Result<Self, KeyRejected> {
        let public = match &private {
            PrivateKey::Ed25519(pair) => pair.public_key().as_ref(),
            PrivateKey::Ecdsa(pair) => pair.public_key().as_ref(),
            PrivateKey::Rsa(pair, _) => pair.public_key().as_ref(),
        };
        let public = ParsedPublicKey::new(algorithm.verification(), public);
        Self::new(public.map_err(|_| KeyRejected::Unreadable)?, Some(private), algorithm)
    }

    fn new(
        public: ParsedPublicKey,
        private: Option<PrivateKey>,
        algorithm: KeyAlgorithm,
    ) -> Result<Self, KeyRejected> {
        let spki = aws_lc_rs::encoding::AsDer::as_der(&public).map_err(|_| KeyRejected::Unreadable)?;
        if algorithm == KeyAlgorithm::Ed25519 && spki.as_ref().last_chunk().is_some_and(is_small_order) {
            return Err(KeyRejected::SmallOrder);
        }
        if algorithm.rsa().is_some() && spki.as_ref().len() < RSA_2048_SPKI_BYTES {
            return Err(KeyRejected::Short);
        }
        Ok(Self { public: Arc::new(public), private: private.map(Arc::new) })
    }

    /// Whether `signature` was made over `message` by the private half.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.public.verify_sig(message, signature).is_ok()
    }

    /// The signature over `message`; `None` for a public key.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match &**self.private.as_ref()? {
            PrivateKey::Ed25519(pair) => Some(pair.sign(message).as_ref().to_vec()),
            PrivateKey::Ecdsa(pair) => Some(pair.sign(&random, message).ok()?.as_ref().to_vec()),
            PrivateKey::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }

    /// Whether `raw` is its public key, of Ed25519.
    pub(super) fn is_ed25519(&self, raw: &[u8]) -> bool {
        let spki = aws_lc_rs::encoding::AsDer::as_der(&*self.public);
        spki.is_ok_and(|spki| raw.len() == 32 && spki.as_ref().ends_with(raw))
    }

    /// Whether it is a private key.
    pub(super) fn can_sign(&self) -> bool {
        self.private.is_some()
    }
}

impl fmt::Debug for AsymmetricKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.can_sign() { "AsymmetricKey(redacted)" } else { "AsymmetricKey(public)" })
    }
}

impl KeyAlgorithm {
    fn verification(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Ed25519 => &lc::ED25519,
            Self::EcdsaP256Der => &lc::ECDSA_P256_SHA256_ASN1,
            Self::EcdsaP256Fixed => &lc::ECDSA_P256_SHA256_FIXED,
            Self::EcdsaP384Fixed => &lc::ECDSA_P384_SHA384_FIXED,
            Self::RsaPkcs1Sha256 => &lc::RSA_PKCS1_2048_8192_SHA256,
            Self::RsaPkcs1Sha384 => &lc::RSA_PKCS1_2048_8192_SHA384,
            Self::RsaPkcs1Sha512 => &lc::RSA_PKCS1_2048_8192_SHA512,
            Self::RsaPssSha256 => &lc::RSA_PSS_2048_8192_SHA256,
            Self::RsaPssSha384 => &lc::RSA_PSS_2048_8192_SHA384,
            Self::RsaPssSha512 => &lc::RSA_PSS_2048_8192_SHA512,
        }
    }

    fn ecdsa(self) -> Option<&'static EcdsaSigningAlgorithm> {
        match self {
            Self::EcdsaP256Der => Some(&lc::ECDSA_P256_SHA256_ASN1_SIGNING),
            Self::EcdsaP256Fixed => Some(&lc::ECDSA_P256_SHA256_FIXED_SIGNING),
            Self::EcdsaP384Fixed => Some(&lc::ECDSA_P384_SHA384_FIXED_SIGNING),
            _ => None,
        }
    }

    fn rsa(self) -> Option<(&'static RsaParameters, &'static dyn RsaEncoding)> {
        match self {
            Self::RsaPkcs1Sha256 => Some((&lc::RSA_PKCS1_2048_8192_SHA256, &lc::RSA_PKCS1_SHA256)),
            Self::RsaPkcs1Sha384 => Some((&lc::RSA_PKCS1_2048_8192_SHA384, &lc::RSA_PKCS1_SHA384)),
            Self::RsaPkcs1Sha512 => Some((&lc::RSA_PKCS1_2048_8192_SHA512, &lc::RSA_PKCS1_SHA512)),
            Self::RsaPssSha256 => Some((&lc::RSA_PSS_2048_8192_SHA256, &lc::RSA_PSS_SHA256)),
            Self::RsaPssSha384 => Some((&lc::RSA_PSS_2048_8192_SHA384, &lc::RSA_PSS_SHA384)),
            Self::RsaPssSha512 => Some((&lc::RSA_PSS_2048_8192_SHA512, &lc::RSA_PSS_SHA512)),
            _ => None,
        }
    }
}

/// `SubjectPublicKeyInfo` of a 2048-bit modulus with the exponent 65537. One of a
/// shorter modulus is shorter than that, whatever its exponent may reasonably be.
const RSA_2048_SPKI_BYTES: usize = 292;

/// Whether the encoded point has an order of at most 8. `x` has no say in it, so
/// the sign bit is masked.
fn is_small_order(point: &[u8; 32]) -> bool {
    let mut y = *point;
    y[31] &= 0x7f;
    // y of the eight torsion points, and the encodings of 0 and 1 that are not
    // reduced modulo p = 2^255 - 19.
    let low_and_high = |low: u8, rest: u8, high: u8| {
        let mut bytes = [rest; 32];
        (bytes[0], bytes[31]) = (low, high);
        bytes
    };
    let torsion = [
        low_and_high(0, 0, 0),
        low_and_high(1, 0, 0),
        low_and_high(0xec, 0xff, 0x7f),
        low_and_high(0xed, 0xff, 0x7f),
        low_and_high(0xee, 0xff, 0x7f),
        ORDER_8,
        ORDER_8_NEGATED,
    ];
    torsion.contains(&y)
}

const ORDER_8: [u8; 32] = [
    0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5,
    0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
];
const ORDER_8_NEGATED: [u8; 32] = [
    0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a,
    0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
];

#[cfg(test)]
mod tests;
