//! JSON Web Keys (RFC 7517): public keys as issuers publish them.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde_json::{Map, Value};

use super::algorithm::TokenAlgorithm;
use crate::schemes::asymmetric::{AsymmetricKey, KeyAlgorithm};

/// A key, with its one algorithm and its id if it has one.
pub(super) struct Jwk {
    pub(super) id: Option<String>,
    pub(super) algorithm: TokenAlgorithm,
    pub(super) key: AsymmetricKey,
}

impl Jwk {
    /// Reads a key for one of `allowed`. `None` for one that is for something
    /// else, or that nobody could verify with: RFC 7517 section 5 has those
    /// left out. A symmetric key is left out too: what is published is no
    /// secret.
    pub(super) fn read(jwk: &Map<String, Value>, allowed: &[TokenAlgorithm]) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        if jwk.contains_key("use") && text("use") != Some("sig") {
            return None;
        }
        let stated = match text("alg") {
            Some(name) => Some(TokenAlgorithm::named(name)?),
            None => None,
        };
        let fits = |algorithm: &TokenAlgorithm| stated.is_none_or(|stated| stated == *algorithm);
        let of_kind = allowed.iter().filter(|algorithm| fits(algorithm)).find_map(|algorithm| {
            let TokenAlgorithm::Key(kind) = *algorithm else { return None };
            Some((*algorithm, public_key(jwk, kind)?))
        });
        let (algorithm, key) = of_kind?;
        Some(Self { id: text("kid").map(str::to_owned), algorithm, key })
    }
}

/// RFC 7518 sections 6.2 and 6.3, RFC 8037 section 2.
fn public_key(jwk: &Map<String, Value>, algorithm: KeyAlgorithm) -> Option<AsymmetricKey> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let bytes = |name: &str| Base64UrlUnpadded::decode_vec(text(name)?).ok();
    match (text("kty")?, text("crv"), algorithm) {
        ("EC", Some("P-256"), KeyAlgorithm::EcdsaP256Fixed)
        | ("EC", Some("P-384"), KeyAlgorithm::EcdsaP384Fixed) => {
            // SEC 1 section 2.3.3: an uncompressed point.
            let point = [&[4][..], &bytes("x")?, &bytes("y")?].concat();
            AsymmetricKey::from_public(&point, algorithm).ok()
        }
        ("OKP", Some("Ed25519"), KeyAlgorithm::Ed25519) => {
            AsymmetricKey::from_public(&bytes("x")?, algorithm).ok()
        }
        ("RSA", _, _) => AsymmetricKey::from_rsa_components(&bytes("n")?, &bytes("e")?, algorithm).ok(),
        _ => None,
    }
}
