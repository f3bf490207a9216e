//! The keys of a template, and a signature over its bytes being checked.

use std::sync::Arc;

use smallvec::SmallVec;

use super::algorithm::Algorithm;
use super::parts::Around;
use super::signatures::Candidates;
use super::wire::Wire;
use crate::schemes::asymmetric::AsymmetricKey;
use crate::schemes::key::{KeyError, KeyFault, WeakKeys};
use crate::schemes::mac::Mac;
use crate::schemes::scheme::Credential;
use crate::schemes::tag::Tag;

/// One key for each secret. Without the heap for a rotation of shared secrets.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)] // There is one for each source.
pub(super) enum Keys {
    /// Codes that are keyed and have taken in nothing yet.
    Macs(SmallVec<[Mac; 2]>),
    Asymmetric(Arc<[AsymmetricKey]>),
}

impl Keys {
    pub(super) fn new(wire: &Wire, credentials: &[Credential], weak: WeakKeys) -> Result<Self, KeyError> {
        let secrets = credentials.iter().map(|credential| &credential.secret).enumerate();
        let unusable = |slot| move |fault: KeyFault| KeyError::Unusable { slot, fault };
        match (wire.algorithm, wire.algorithm.asymmetric()) {
            (Algorithm::Hmac(hash), _) => {
                let keyed = |(slot, secret)| {
                    let key = wire.key.key(secret, weak).map_err(unusable(slot))?;
                    Ok(Mac::new(hash, &key))
                };
                secrets.map(keyed).collect::<Result<_, _>>().map(Self::Macs)
            }
            (_, Some(algorithm)) => {
                let read = |(slot, secret)| wire.key.asymmetric(secret, algorithm).map_err(unusable(slot));
                secrets.map(read).collect::<Result<_, _>>().map(Self::Asymmetric)
            }
            (_, None) => unreachable!("what is no HMAC is asymmetric"),
        }
    }

    /// Whether one of them makes signatures.
    pub(super) fn can_sign(&self) -> bool {
        match self {
            Self::Macs(_) => true,
            Self::Asymmetric(keys) => keys.iter().any(AsymmetricKey::can_sign),
        }
    }

    pub(super) fn count(&self) -> usize {
        match self {
            Self::Macs(macs) => macs.len(),
            Self::Asymmetric(keys) => keys.len(),
        }
    }

    /// The signature of each key over `before`, `body` and `after`, as far as
    /// it can sign.
    pub(super) fn sign(&self, around: &Around, body: &[u8]) -> Vec<Option<Tag>> {
        match self {
            Self::Macs(macs) => macs
                .iter()
                .map(|mac| {
                    let mut mac = mac.clone();
                    for bytes in [&around.before_body, body, &around.after_body] {
                        mac.update(bytes);
                    }
                    Some(mac.into_tag())
                })
                .collect(),
            Self::Asymmetric(keys) => {
                let message = [&around.before_body, body, &around.after_body].concat();
                keys.iter().map(|key| key.sign(&message).and_then(|tag| Tag::new(&tag))).collect()
            }
        }
    }

    /// Begins to check: what is signed before the body goes in.
    pub(super) fn check(&self, before_body: &[u8]) -> Checking {
        match self {
            Self::Macs(macs) => {
                let mut macs = macs.clone();
                macs.iter_mut().for_each(|mac| mac.update(before_body));
                Checking::Macs(macs)
            }
            Self::Asymmetric(keys) => {
                Checking::Asymmetric { keys: Arc::clone(keys), before_body: before_body.to_vec() }
            }
        }
    }
}

/// Signed bytes going in.
#[allow(clippy::large_enum_variant)] // The large one is the common one, and a box would be an allocation for each delivery.
pub(super) enum Checking {
    Macs(SmallVec<[Mac; 2]>),
    /// Ed25519 hashes its message twice, so the message is made at the end.
    Asymmetric {
        keys: Arc<[AsymmetricKey]>,
        before_body: Vec<u8>,
    },
}

impl Checking {
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Macs(macs) => macs.len(),
            Self::Asymmetric { keys, .. } => keys.len(),
        }
    }

    /// Takes the next bytes of the body.
    pub(super) fn update(&mut self, chunk: &[u8]) {
        if let Self::Macs(macs) = self {
            macs.iter_mut().for_each(|mac| mac.update(chunk));
        }
    }

    /// Which key made one of `candidates`. `may(slot, header)` says whether a
    /// key is for the header that a candidate came in.
    ///
    /// Every code is compared with every candidate, matched or not, so that
    /// time does not tell which came near. Public keys have nothing to tell.
    pub(super) fn finish(
        self,
        body: &[u8],
        after_body: &[u8],
        candidates: &Candidates,
        may: impl Fn(usize, u8) -> bool,
    ) -> Option<usize> {
        match self {
            Self::Macs(macs) => macs
                .into_iter()
                .enumerate()
                .map(|(slot, mut mac)| {
                    mac.update(after_body);
                    mac.matches_any(candidates.iter().filter(|c| may(slot, c.header)).map(|c| &c.tag))
                })
                .enumerate()
                .fold(None, |found, (slot, holds)| found.or(holds.then_some(slot))),
            Self::Asymmetric { keys, mut before_body } => {
                before_body.extend_from_slice(body);
                before_body.extend_from_slice(after_body);
                keys.iter().enumerate().position(|(slot, key)| {
                    let mut offered = candidates.iter().filter(|c| may(slot, c.header));
                    offered.any(|candidate| key.verifies(&before_body, candidate.tag.as_bytes()))
                })
            }
        }
    }
}
