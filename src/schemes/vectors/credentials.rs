//! The secrets of a case, as a source would have them.

use super::judge::{refused, unjudged};
use super::{CaseSecret, Verdict};
use crate::keys::Secret;
use crate::schemes::{Credential, Encoding, KeyText, Mechanism, Preset};

/// The credential that `secret` stands for.
pub(super) fn credential(preset: &Preset, secret: &CaseSecret) -> Result<Credential, Verdict> {
    let CaseSecret { kind, value, encoding, role, keyid, kid, alg } = secret;
    if !KINDS.contains(&kind.as_str()) {
        return Err(unjudged(&format!("unsupported kind of secret: {kind}")));
    }
    let encoding = match encoding.as_deref() {
        None => None,
        Some("base64") => Some(Encoding::Base64),
        Some("hex") => Some(Encoding::Hex),
        Some(other) => return Err(unjudged(&format!("unsupported encoding of a secret: {other}"))),
    };
    let secret = match encoding {
        // Where the scheme itself says how a secret is written, it decodes it.
        Some(encoding) if !is_decoded_by(preset, encoding) => {
            let decoded = encoding.decode_all(value.as_bytes());
            Secret::new(decoded.ok_or_else(|| refused(&"a secret cannot be decoded"))?.as_slice())
        }
        _ => Secret::new(value.as_str()),
    };
    let algorithm = (kind == "rsa_pss_public_pem").then(|| "rsa-pss-sha512".to_owned());
    let key_id = keyid.as_ref().or(kid.as_ref()).or(role.as_ref()).cloned();
    Ok(Credential { key_id, algorithm: alg.clone().or(algorithm), ..secret.into() })
}

/// What a secret may be. Which of them a scheme takes, its row says.
const KINDS: &[&str] = &[
    "hmac",
    "token",
    "basic",
    "ed25519_public",
    "ed25519_public_hex",
    "ed25519_public_pem",
    "ecdsa_p256_public_pem",
    "ecdsa_p256_public_spki_b64",
    "rsa_public_pem",
    "rsa_pss_public_pem",
];

fn is_decoded_by(preset: &Preset, encoding: Encoding) -> bool {
    match (&preset.mechanism, encoding) {
        (Mechanism::Template(wire), Encoding::Hex) => wire.key == KeyText::Hex,
        _ => false,
    }
}
