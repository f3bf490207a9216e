//! The secrets of a case, as a source would have them.

use super::judge::{refused, unjudged};
use super::{CaseSecret, Verdict};
use crate::keys::Secret;
use crate::schemes::{Credential, Encoding};

/// The credential that `secret` stands for. What its kind says of the algorithm
/// is kept to, where the key does not say so itself.
pub(super) fn credential(secret: &CaseSecret) -> Result<Credential, Verdict> {
    let algorithm = match secret.kind.as_str() {
        "rsa_pss_public_pem" => Some("rsa-pss-sha512"),
        "hmac" | "ed25519_public_pem" | "ecdsa_p256_public_pem" => None,
        other => return Err(unjudged(&format!("unsupported kind of secret: {other}"))),
    };
    let text = secret.value.as_bytes();
    let decoded = match secret.encoding.as_deref() {
        None => Ok(Secret::new(text)),
        Some("base64") => decoded(Encoding::Base64, text),
        Some("hex") => decoded(Encoding::Hex, text),
        Some(other) => Err(unjudged(&format!("unsupported encoding of a secret: {other}"))),
    };
    let algorithm = algorithm.map(str::to_owned);
    Ok(Credential { key_id: secret.keyid.clone(), algorithm, secret: decoded? })
}

fn decoded(encoding: Encoding, text: &[u8]) -> Result<Secret, Verdict> {
    let decoded = encoding.decode_all(text).map(|bytes| Secret::new(bytes.as_slice()));
    decoded.ok_or_else(|| refused(&"a secret cannot be decoded"))
}
