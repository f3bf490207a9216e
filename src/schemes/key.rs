//! How a secret's text becomes key bytes.

use zeroize::Zeroizing;

use super::asymmetric::{AsymmetricKey, KeyAlgorithm, KeyRejected};
use super::encoding::Encoding;
use crate::keys::{KEY_BYTES_MIN, Secret};

/// What a provider's secret text stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyText {
    /// The text itself is the key, prefix and all.
    Utf8,
    /// Base64 (padded, standard alphabet) of the key, after a prefix that may
    /// be left out.
    Base64 {
        /// The prefix, such as `whsec_`.
        prefix: &'static str,
    },
    /// The text itself, or after a mark base64 of the key, for keys that are not
    /// text.
    Marked {
        /// The mark, such as `base64:`.
        base64: &'static str,
    },
    /// Hex of the key, in upper or lower case.
    Hex,
    /// An Ed25519 key: hex of the public key's 32 bytes, or of a private key's
    /// 64 (seed and public key), or PEM.
    Ed25519Hex,
    /// An Ed25519 key of Standard Webhooks: base64 of a public key after
    /// `whpk_`, of a private key (its seed, or seed and public key) after
    /// `whsk_`, or PEM.
    Ed25519Webhook,
    /// Base64 of a `SubjectPublicKeyInfo` (RFC 5280), or PEM.
    Spki,
}

/// Why a scheme cannot be made of the given secrets. Never holds a byte of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A scheme that verifies needs something to verify with.
    #[error("no secret is configured")]
    NoSecret,
    /// Each secret is tried on each delivery, so their number is bounded.
    #[error("{count} secrets are configured, the most is {}", super::SECRETS_MAX)]
    TooManySecrets {
        /// How many were given.
        count: usize,
    },
    /// What a source chose is nothing that the scheme has.
    #[error("{option} {} of the source {fault}", place + 1)]
    Choice {
        /// Which choice: `algorithm`.
        option: &'static str,
        /// Which of several, counted from 0.
        place: usize,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// One secret is unusable.
    #[error("secret {} of the source: {fault}", slot + 1)]
    Unusable {
        /// Which secret, counted from 0.
        slot: usize,
        /// What is wrong with it.
        fault: KeyFault,
    },
}

/// What is wrong with a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Anyone can sign with an empty key.
    #[error("it is empty")]
    Empty,
    /// It must be base64 (RFC 4648 section 4, padded), and is not.
    #[error("it is not padded base64 in the standard alphabet, with or without its prefix")]
    NotBase64,
    /// It must be hex, and is not.
    #[error("it is not hex")]
    NotHex,
    /// It must be a key in PEM or a JSON Web Key, and can be read as neither.
    #[error("it is neither a key in PEM nor a JSON Web Key (RFC 7517)")]
    NotAKey,
    /// It is no key of the scheme's algorithm.
    #[error("{0}")]
    Rejected(#[from] KeyRejected),
    /// No header can carry it.
    #[error("it holds what no header can carry, or begins or ends with a blank")]
    NotToken,
    /// HTTP Basic needs a name and a password.
    #[error("it is not a user name and a password with a colon between them")]
    NotUserPassword,
    /// None of the algorithms that the source allows is for such a key.
    #[error("it is no key for any of the algorithms that the source takes")]
    NoAlgorithm,
    /// Fewer than [`KEY_BYTES_MIN`] bytes.
    #[error(
        "it makes a key of {bytes} bytes, fewer than {KEY_BYTES_MIN}: allow weak secrets, or make a longer one"
    )]
    Weak {
        /// How many bytes its key has.
        bytes: usize,
    },
}

/// Whether keys of fewer than [`KEY_BYTES_MIN`] bytes are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WeakKeys {
    Allow,
    Refuse,
}

impl KeyText {
    /// The key that `secret` stands for.
    pub(super) fn key(self, secret: &Secret, weak: WeakKeys) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
        let key = match self {
            Self::Base64 { prefix } => decode(secret.expose(), prefix)?,
            Self::Marked { base64 } if secret.expose().starts_with(base64.as_bytes()) => {
                decode(secret.expose(), base64)?
            }
            Self::Utf8 | Self::Marked { .. } => Zeroizing::new(secret.expose().to_vec()),
            Self::Hex => hex(secret.expose())?,
            Self::Ed25519Hex | Self::Ed25519Webhook | Self::Spki => {
                return Err(KeyRejected::Unreadable.into());
            }
        };
        weak.check(key.len()).map(|()| key)
    }

    /// The public or private key that `secret` stands for.
    pub(super) fn asymmetric(
        self,
        secret: &Secret,
        algorithm: KeyAlgorithm,
    ) -> Result<AsymmetricKey, KeyFault> {
        let text = secret.expose().trim_ascii();
        if text.is_empty() {
            return Err(KeyFault::Empty);
        }
        if text.starts_with(b"-----BEGIN ") {
            return Ok(AsymmetricKey::from_pem(text, algorithm)?);
        }
        match self {
            Self::Ed25519Hex => {
                let key = hex(text)?;
                match key.split_at_checked(SEED_BYTES) {
                    Some((seed, public)) if public.len() == SEED_BYTES => private(seed, public),
                    _ => Ok(AsymmetricKey::from_public(raw(&key)?, algorithm)?),
                }
            }
            Self::Ed25519Webhook => match text.strip_prefix(b"whsk_") {
                Some(text) => {
                    let key = Encoding::Base64.decode_all(text).ok_or(KeyFault::NotBase64)?;
                    let (seed, public) = key.split_at_checked(SEED_BYTES).ok_or(KeyRejected::Unreadable)?;
                    private(seed, public)
                }
                None => Ok(AsymmetricKey::from_public(raw(&decode(text, "whpk_")?)?, algorithm)?),
            },
            Self::Spki => Ok(AsymmetricKey::from_public(&decode(text, "")?, algorithm)?),
            Self::Utf8 | Self::Base64 { .. } | Self::Marked { .. } | Self::Hex => {
                Err(KeyRejected::Unreadable.into())
            }
        }
    }
}

impl WeakKeys {
    /// Whether a key of so many bytes is taken.
    pub(super) fn check(self, bytes: usize) -> Result<(), KeyFault> {
        match bytes {
            0 => Err(KeyFault::Empty),
            bytes if bytes < KEY_BYTES_MIN && self == Self::Refuse => Err(KeyFault::Weak { bytes }),
            _ => Ok(()),
        }
    }
}

/// An Ed25519 private key. Its public key may follow, and must then be its own.
fn private(seed: &[u8], public: &[u8]) -> Result<AsymmetricKey, KeyFault> {
    let key = AsymmetricKey::from_ed25519_seed(seed)?;
    if public.is_empty() || key.is_ed25519(public) { Ok(key) } else { Err(KeyRejected::Unreadable.into()) }
}

/// Exactly an Ed25519 public key: DER is not taken for one.
fn raw(key: &[u8]) -> Result<&[u8], KeyRejected> {
    if key.len() == SEED_BYTES { Ok(key) } else { Err(KeyRejected::Unreadable) }
}

/// RFC 8032 section 5.1.5: of a seed, and of a public key.
const SEED_BYTES: usize = 32;

fn hex(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    Encoding::Hex.decode_all(&lower).ok_or(KeyFault::NotHex)
}

fn decode(text: &[u8], prefix: &str) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
    let text = text.strip_prefix(prefix.as_bytes()).unwrap_or(text);
    Encoding::Base64.decode_all(text).ok_or(KeyFault::NotBase64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHSEC: KeyText = KeyText::Base64 { prefix: "whsec_" };

    fn key(text: KeyText, secret: &str, weak: WeakKeys) -> Result<Vec<u8>, KeyFault> {
        text.key(&Secret::new(secret), weak).map(|key| key.to_vec())
    }

    #[test]
    fn text_is_the_key_prefix_and_all() {
        let secret = "whsec_abcdefghijklmnopqrstuvwxyz";
        assert_eq!(key(KeyText::Utf8, secret, WeakKeys::Refuse), Ok(secret.as_bytes().to_vec()));
    }

    #[test]
    fn base64_is_decoded_with_or_without_its_prefix() {
        assert_eq!(key(WHSEC, "whsec_YWJj", WeakKeys::Allow), Ok(b"abc".to_vec()));
        assert_eq!(key(WHSEC, "YWJj", WeakKeys::Allow), Ok(b"abc".to_vec()));
        for wrong in
            ["whsec_YWJ", "whsec_YW-j", "whsec_YWI", "whsec_YWJ=", "whsec_whsec_YWJj", " YWJj", "YWJj\n"]
        {
            assert_eq!(key(WHSEC, wrong, WeakKeys::Allow), Err(KeyFault::NotBase64), "{wrong:?}");
        }
    }

    #[test]
    fn an_empty_key_is_never_usable() {
        for (text, secret) in [(KeyText::Utf8, ""), (WHSEC, ""), (WHSEC, "whsec_")] {
            assert_eq!(key(text, secret, WeakKeys::Allow), Err(KeyFault::Empty), "{text:?} {secret}");
        }
    }

    #[test]
    fn a_weak_key_must_be_allowed_by_name() {
        let (weak, strong) = ("k".repeat(KEY_BYTES_MIN - 1), "k".repeat(KEY_BYTES_MIN));
        assert_eq!(key(KeyText::Utf8, &weak, WeakKeys::Refuse), Err(KeyFault::Weak { bytes: 23 }));
        assert!(key(KeyText::Utf8, &weak, WeakKeys::Allow).is_ok());
        assert!(key(KeyText::Utf8, &strong, WeakKeys::Refuse).is_ok());
    }
}
