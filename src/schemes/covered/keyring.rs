//! Keys that messages choose by name, each kept to its algorithms.
//!
//! What a message says of its algorithm can only rule out: a key was read for
//! the algorithms that its kind and the source allow, and for no others. So a
//! public key is never the secret of a MAC, whatever a message asks for.

use std::fmt;

use smallvec::SmallVec;

use crate::schemes::asymmetric::{AsymmetricKey, KeyAlgorithm, KeyRejected};
use crate::schemes::key::{KeyError, KeyFault, KeyText, WeakKeys};
use crate::schemes::mac::{Hash, Mac};
use crate::schemes::refusal::Refusal;
use crate::schemes::scheme::{Credential, SchemeOptions};
use crate::schemes::tag::Tag;
use crate::schemes::validity::InTime;

/// An algorithm, and what messages call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedAlgorithm {
    /// Its name in messages and in configuration.
    pub name: &'static str,
    /// What it is.
    pub used: KeyUse,
    /// Whether a source that names no algorithm takes it.
    pub by_default: bool,
}

/// What a key is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// HMAC (RFC 2104) with a shared secret.
    Mac(Hash),
    /// A signature by a private key.
    Signature(KeyAlgorithm),
}

/// Every key of a source, in the order of its secrets.
#[derive(Debug)]
pub(in crate::schemes) struct Keyring(Vec<NamedKey>);

#[derive(Debug)]
struct NamedKey {
    id: Option<String>,
    /// Never empty: what fits the key of what the source allows.
    uses: SmallVec<[Use; 2]>,
}

#[derive(Debug)]
struct Use {
    algorithm: &'static str,
    key: Key,
}

enum Key {
    Mac(Box<Mac>, Hash),
    Signature(AsymmetricKey, KeyAlgorithm),
}

/// How a message chooses among keys.
#[derive(Clone, Copy, Debug)]
pub(in crate::schemes) struct Choice<'m> {
    pub(in crate::schemes) key_id: Option<&'m str>,
    /// The algorithm that the message names, where that name means one.
    pub(in crate::schemes) algorithm: Option<&'m str>,
}

/// Keys of which one may have made a signature.
pub(in crate::schemes) struct Candidates<'k>(SmallVec<[(usize, &'k Use); 2]>);

/// A key that signs, and what to say of it.
pub(in crate::schemes) struct Signer<'k> {
    pub(in crate::schemes) key_id: Option<&'k str>,
    pub(in crate::schemes) algorithm: &'static str,
    key: &'k Key,
}

impl Keyring {
    /// Reads `credentials` for what `options` allows of `algorithms`, or for
    /// what is allowed by default.
    pub(in crate::schemes) fn new(
        algorithms: &'static [NamedAlgorithm],
        key_text: KeyText,
        credentials: &[Credential],
        options: &SchemeOptions,
    ) -> Result<Self, KeyError> {
        let allowed = allowed(algorithms, &options.algorithms)?;
        let weak = options.weak_keys();
        let keyed = |(slot, credential): (usize, &Credential)| {
            let pinned = |named: &&&NamedAlgorithm| {
                credential.algorithm.as_ref().is_none_or(|algorithm| algorithm == named.name)
            };
            let allowed: Vec<_> = allowed.iter().filter(pinned).copied().collect();
            uses(&allowed, key_text, credential, weak)
                .map(|uses| NamedKey { id: credential.key_id.clone(), uses })
                .map_err(|fault| KeyError::Unusable { slot, fault })
        };
        credentials.iter().enumerate().map(keyed).collect::<Result<_, _>>().map(Self)
    }

    pub(in crate::schemes) fn len(&self) -> usize {
        self.0.len()
    }

    /// The keys of the message's key id, or those without one: for a source
    /// whose keys have no ids, whatever a message calls them.
    pub(in crate::schemes) fn choose(&self, choice: Choice<'_>) -> Result<Candidates<'_>, Refusal> {
        let named = |key: &NamedKey| choice.key_id.is_some() && key.id.as_deref() == choice.key_id;
        let by_id = |wanted: &dyn Fn(&NamedKey) -> bool| -> SmallVec<[(usize, &NamedKey); 2]> {
            self.0.iter().enumerate().filter(|(_, key)| wanted(key)).collect()
        };
        let mut keys = by_id(&named);
        if keys.is_empty() {
            keys = by_id(&|key| key.id.is_none());
        }
        if keys.is_empty() {
            // Keys have ids and the message names none, or one that is not there.
            return Err(choice.key_id.map_or(Refusal::SignatureMalformed, |_| Refusal::UnknownKey));
        }
        let uses = keys.iter().flat_map(|(slot, key)| key.uses.iter().map(|used| (*slot, used)));
        let candidates: SmallVec<_> =
            uses.filter(|(_, used)| choice.algorithm.is_none_or(|name| name == used.algorithm)).collect();
        if candidates.is_empty() {
            return Err(Refusal::AlgorithmNotAllowed);
        }
        Ok(Candidates(candidates))
    }

    /// The first key that can sign, for its first algorithm.
    pub(in crate::schemes) fn signer(&self) -> Option<Signer<'_>> {
        self.0.iter().find_map(|NamedKey { id, uses }| {
            let Use { algorithm, key } = uses.first()?;
            let can_sign = match key {
                Key::Mac(..) => true,
                Key::Signature(key, _) => key.can_sign(),
            };
            can_sign.then_some(Signer { key_id: id.as_deref(), algorithm, key })
        })
    }
}

impl Candidates<'_> {
    /// The secret that made `signature` over `base`, of those `in_time`. A
    /// signature of a length that no candidate makes is none at all.
    pub(in crate::schemes) fn verify(
        &self,
        base: &[u8],
        signature: &[u8],
        in_time: InTime,
    ) -> Result<usize, Refusal> {
        let mut refusal = Refusal::SignatureMalformed;
        for (slot, Use { key, .. }) in &self.0 {
            if !key.makes_length(signature.len()) {
                continue;
            }
            if in_time.has(*slot) && key.verifies(base, signature) {
                return Ok(*slot);
            }
            refusal = Refusal::SignatureMismatch;
        }
        Err(refusal)
    }
}

impl Signer<'_> {
    /// The signature over `base`; `None` when the system has no randomness.
    pub(in crate::schemes) fn sign(&self, base: &[u8]) -> Option<Vec<u8>> {
        match self.key {
            Key::Mac(mac, _) => {
                let mut mac = (**mac).clone();
                mac.update(base);
                Some(mac.into_tag().as_bytes().to_vec())
            }
            Key::Signature(key, _) => key.sign(base),
        }
    }
}

impl Key {
    fn verifies(&self, base: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Mac(mac, _) => {
                let mut mac = (**mac).clone();
                mac.update(base);
                Tag::new(signature).is_some_and(|tag| mac.matches_any([&tag].into_iter()))
            }
            Self::Signature(key, _) => key.verifies(base, signature),
        }
    }

    fn makes_length(&self, length: usize) -> bool {
        match self {
            Self::Mac(_, hash) => hash.bytes() == length,
            Self::Signature(_, KeyAlgorithm::Ed25519 | KeyAlgorithm::EcdsaP256Fixed) => length == 64,
            Self::Signature(_, KeyAlgorithm::EcdsaP384Fixed) => length == 96,
            // In DER, or as long as the modulus: the key itself knows.
            Self::Signature(..) => true,
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mac(mac, _) => mac.fmt(f),
            Self::Signature(key, _) => key.fmt(f),
        }
    }
}

/// What the source allows, in its order.
fn allowed(
    algorithms: &'static [NamedAlgorithm],
    chosen: &[String],
) -> Result<Vec<&'static NamedAlgorithm>, KeyError> {
    if chosen.is_empty() {
        return Ok(algorithms.iter().filter(|named| named.by_default).collect());
    }
    let find = |(place, name): (usize, &String)| {
        let named = algorithms.iter().find(|named| named.name == name);
        let fault = "is no algorithm of the scheme";
        named.ok_or(KeyError::Choice { option: "algorithm", place, fault })
    };
    chosen.iter().enumerate().map(find).collect()
}

/// What `credential` is a key for, of what is `allowed`. A PEM file is a key
/// pair or the public half of one, and anything else a shared secret: bytes are
/// never tried as both.
fn uses(
    allowed: &[&NamedAlgorithm],
    key_text: KeyText,
    credential: &Credential,
    weak: WeakKeys,
) -> Result<SmallVec<[Use; 2]>, KeyFault> {
    let secret = &credential.secret;
    let mut uses = SmallVec::new();
    let mut fault = KeyFault::NoAlgorithm;
    if secret.expose().trim_ascii_start().starts_with(PEM) {
        for NamedAlgorithm { name, used, .. } in allowed {
            let KeyUse::Signature(algorithm) = *used else { continue };
            match AsymmetricKey::from_pem(secret.expose(), algorithm) {
                Ok(key) => uses.push(Use { algorithm: name, key: Key::Signature(key, algorithm) }),
                Err(KeyRejected::Unreadable) => {}
                Err(rejected) => fault = KeyFault::Rejected(rejected),
            }
        }
    } else {
        let key = key_text.key(secret, weak)?;
        for NamedAlgorithm { name, used, .. } in allowed {
            let KeyUse::Mac(hash) = *used else { continue };
            uses.push(Use { algorithm: name, key: Key::Mac(Box::new(Mac::new(hash, &key)), hash) });
        }
    }
    if uses.is_empty() { Err(fault) } else { Ok(uses) }
}

const PEM: &[u8] = b"-----BEGIN ";
