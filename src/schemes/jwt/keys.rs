//! The keys of tokens: each with the one algorithm that it is for.
//!
//! The algorithm is pinned when a key is read and compared with what a token
//! says, or a token could have an RSA key taken for an HMAC secret (RFC 8725
//! section 2.1).

use std::fmt;

use serde_json::{Map, Value};

use super::algorithm::{TokenAlgorithm, USUAL};
use super::compact::Compact;
use super::json;
use super::jwk::Jwk;
use crate::keys::Secret;
use crate::schemes::asymmetric::{AsymmetricKey, KeyRejected};
use crate::schemes::key::{KeyError, KeyFault, KeyText, WeakKeys};
use crate::schemes::mac::Mac;
use crate::schemes::refusal::Refusal;
use crate::schemes::scheme::Credential;
use crate::schemes::tag::Tag;
use crate::schemes::validity::InTime;

/// The most keys of one source. One key, and the next, is what issuers have.
pub const TOKEN_KEYS_MAX: usize = 64;

/// What tokens are verified with. Immutable.
#[derive(Clone, Debug, Default)]
pub struct TokenKeys(Vec<TokenKey>);

#[derive(Clone)]
pub(super) struct TokenKey {
    /// Which credential it is of.
    slot: usize,
    pub(super) id: Option<String>,
    pub(super) algorithm: TokenAlgorithm,
    key: Key,
}

#[derive(Clone)]
enum Key {
    Shared(Box<Mac>),
    Pair(AsymmetricKey),
}

/// Why a set of keys (RFC 7517 section 5) is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// It is not a JSON object with an array `keys`.
    #[error("it is not a set of JSON Web Keys (RFC 7517 section 5)")]
    Malformed,
    /// None of its keys can verify.
    #[error("it holds no public key for an algorithm that is taken")]
    NoKey,
    /// More than [`TOKEN_KEYS_MAX`].
    #[error("it holds more than {TOKEN_KEYS_MAX} keys")]
    TooMany,
}

impl TokenKeys {
    /// The keys of a set that an issuer publishes, for one of `algorithms` by
    /// their names, or for the usual ones where it is empty. Those for anything
    /// else are left out.
    pub fn from_jwks(text: &[u8], algorithms: &[String]) -> Result<Self, KeySetError> {
        let set = json::object(text).ok_or(KeySetError::Malformed)?;
        let allowed: Vec<_> = algorithms.iter().filter_map(|name| TokenAlgorithm::named(name)).collect();
        let allowed = if algorithms.is_empty() { &USUAL[..] } else { &allowed };
        Ok(Self(of_set(&set, 0, allowed)?))
    }

    /// The keys of the credentials of a source, for the algorithms that it
    /// names, or for the usual ones.
    pub(super) fn from_credentials(
        credentials: &[Credential],
        algorithms: &[String],
        weak: WeakKeys,
    ) -> Result<Self, KeyError> {
        let named = |(place, name): (usize, &String)| {
            let fault = "it is no algorithm of tokens: expected HS256, RS256, ES256, EdDSA or the like";
            TokenAlgorithm::named(name).ok_or(KeyError::Choice { option: "algorithm", place, fault })
        };
        let chosen = algorithms.iter().enumerate().map(named).collect::<Result<Vec<_>, _>>()?;
        let allowed = if chosen.is_empty() { &USUAL[..] } else { &chosen };
        let mut keys = Vec::new();
        for (slot, credential) in credentials.iter().enumerate() {
            let read = of_credential(credential, slot, allowed, weak);
            keys.extend(read.map_err(|fault| KeyError::Unusable { slot, fault })?);
        }
        match keys.len() {
            count if count > TOKEN_KEYS_MAX => Err(KeyError::TooManySecrets { count }),
            _ => Ok(Self(keys)),
        }
    }

    /// Whether one of the keys made the signature of `token`: the slot of its
    /// credential, which must be `in_time`.
    ///
    /// A key id that is known chooses (RFC 7515 section 4.1.4); one that is not
    /// can only mean a key that has none. Without, each key of the algorithm is
    /// tried.
    pub(super) fn verify(&self, token: &Compact<'_>, in_time: InTime) -> Result<usize, Refusal> {
        let id = token.header.key_id.as_deref();
        let is_known = self.0.iter().any(|key| key.id.as_deref() == id);
        let chosen = |key: &&TokenKey| match id {
            None => true,
            Some(_) if is_known => key.id.as_deref() == id,
            Some(_) => key.id.is_none(),
        };
        if !self.0.iter().any(|key| chosen(&key)) {
            return Err(Refusal::UnknownKey);
        }
        let algorithm = TokenAlgorithm::named(&token.header.algorithm);
        let mut allowed =
            self.0.iter().filter(chosen).filter(|key| Some(key.algorithm) == algorithm).peekable();
        if allowed.peek().is_none() {
            return Err(Refusal::AlgorithmNotAllowed);
        }
        if token.signature.is_empty() {
            return Err(Refusal::SignatureMissing);
        }
        let counts = |key: &&TokenKey| in_time.has(key.slot) && key.made(token);
        allowed.find(counts).map(|key| key.slot).ok_or(Refusal::SignatureMismatch)
    }

    /// The first key that signs, too.
    pub(super) fn signing(&self) -> Option<&TokenKey> {
        self.0.iter().find(|key| match &key.key {
            Key::Shared(_) => true,
            Key::Pair(pair) => pair.can_sign(),
        })
    }
}

impl TokenKey {
    /// Each code is compared whole and in constant time.
    fn made(&self, token: &Compact<'_>) -> bool {
        let signed = token.signed.as_bytes();
        match &self.key {
            Key::Pair(pair) => pair.verifies(signed, &token.signature),
            Key::Shared(keyed) => Tag::new(&token.signature).is_some_and(|tag| {
                let mut mac = Mac::clone(keyed);
                mac.update(signed);
                mac.matches_any([tag].iter())
            }),
        }
    }

    /// The signature over `signed`; `None` for a public key.
    pub(super) fn sign(&self, signed: &[u8]) -> Option<Vec<u8>> {
        match &self.key {
            Key::Pair(pair) => pair.sign(signed),
            Key::Shared(keyed) => {
                let mut mac = Mac::clone(keyed);
                mac.update(signed);
                Some(mac.into_tag().as_bytes().to_vec())
            }
        }
    }
}

/// A key in PEM, a JWK, a set of them, or the text of a shared secret.
fn of_credential(
    credential: &Credential,
    slot: usize,
    allowed: &[TokenAlgorithm],
    weak: WeakKeys,
) -> Result<Vec<TokenKey>, KeyFault> {
    let stated = match credential.algorithm.as_deref() {
        Some(name) => Some(TokenAlgorithm::named(name).ok_or(KeyFault::NoAlgorithm)?),
        None => None,
    };
    let allowed = stated.as_ref().map_or(allowed, std::slice::from_ref);
    let text = credential.secret.expose().trim_ascii_start();
    if text.starts_with(b"{") {
        let object = json::object(text).ok_or(KeyFault::NotAKey)?;
        let keys = if object.contains_key("keys") {
            of_set(&object, slot, allowed).map_err(|_| KeyFault::NoAlgorithm)?
        } else {
            vec![TokenKey::of(Jwk::read(&object, allowed).ok_or(KeyFault::NoAlgorithm)?, slot)]
        };
        let named = |key: TokenKey| TokenKey { id: credential.key_id.clone().or(key.id), ..key };
        return Ok(keys.into_iter().map(named).collect());
    }
    let (algorithm, key) = if text.starts_with(b"-----BEGIN") {
        of_pem(text, allowed)?
    } else {
        shared(&credential.secret, allowed, weak)?
    };
    Ok(vec![TokenKey { slot, id: credential.key_id.clone(), algorithm, key }])
}

/// The keys of a set that are of use.
fn of_set(
    set: &Map<String, Value>,
    slot: usize,
    allowed: &[TokenAlgorithm],
) -> Result<Vec<TokenKey>, KeySetError> {
    let Some(Value::Array(keys)) = set.get("keys") else { return Err(KeySetError::Malformed) };
    if keys.len() > TOKEN_KEYS_MAX {
        return Err(KeySetError::TooMany);
    }
    let read = |key: &Value| Some(TokenKey::of(Jwk::read(key.as_object()?, allowed)?, slot));
    let keys: Vec<_> = keys.iter().filter_map(read).collect();
    if keys.is_empty() { Err(KeySetError::NoKey) } else { Ok(keys) }
}

impl TokenKey {
    fn of(Jwk { id, algorithm, key }: Jwk, slot: usize) -> Self {
        Self { slot, id, algorithm, key: Key::Pair(key) }
    }
}

/// The first algorithm that the key fits.
fn of_pem(pem: &[u8], allowed: &[TokenAlgorithm]) -> Result<(TokenAlgorithm, Key), KeyFault> {
    let mut fault = KeyFault::NoAlgorithm;
    for algorithm in allowed {
        let TokenAlgorithm::Key(kind) = *algorithm else { continue };
        match AsymmetricKey::from_pem(pem, kind) {
            Ok(key) => return Ok((*algorithm, Key::Pair(key))),
            // Of the right kind, and yet of no use: that is worth saying.
            Err(KeyRejected::Unreadable) => {}
            Err(rejected) => fault = KeyFault::Rejected(rejected),
        }
    }
    Err(fault)
}

fn shared(
    secret: &Secret,
    allowed: &[TokenAlgorithm],
    weak: WeakKeys,
) -> Result<(TokenAlgorithm, Key), KeyFault> {
    let hash = |algorithm: &TokenAlgorithm| match algorithm {
        TokenAlgorithm::Hmac(hash) => Some(*hash),
        TokenAlgorithm::Key(_) => None,
    };
    let hash = allowed.iter().find_map(hash).ok_or(KeyFault::NoAlgorithm)?;
    let key = KeyText::Utf8.key(secret, weak)?;
    Ok((TokenAlgorithm::Hmac(hash), Key::Shared(Box::new(Mac::new(hash, &key)))))
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey({:?}, {}, redacted)", self.id, self.algorithm.name())
    }
}

#[cfg(test)]
mod tests;
