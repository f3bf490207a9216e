//! The body step of a token, which is settled by the head but for a digest.

use std::fmt;

use http::HeaderValue;
use subtle::ConstantTimeEq as _;

use crate::clock::UnixTime;
use crate::schemes::digest::{Digest, Digesting};
use crate::schemes::encoding::Encoding;
use crate::schemes::proof::{Proof, ReplayIdentity};
use crate::schemes::refusal::Refusal;

/// A delivery whose token holds.
pub(in crate::schemes) struct OpenJwt {
    pub(super) slot: usize,
    pub(super) signed_at: Option<UnixTime>,
    pub(super) covers: Covers,
}

/// What of the delivery the body still decides.
pub(super) enum Covers {
    /// Nothing: the token says who calls, and no more.
    Nothing,
    /// The token is good for one delivery.
    OneUse { id: HeaderValue, digesting: Digesting },
    /// The token signs a digest of the body, and is itself the signed bytes.
    Body { digest: [u8; 32], token: Digest, digesting: Digesting },
}

impl OpenJwt {
    /// Takes the next bytes of the body.
    pub(in crate::schemes) fn update(&mut self, chunk: &[u8]) {
        match &mut self.covers {
            Covers::Nothing => {}
            Covers::OneUse { digesting, .. } | Covers::Body { digesting, .. } => digesting.update(chunk),
        }
    }

    /// Whether the body is the one that was signed, if one was.
    pub(in crate::schemes) fn finish(self) -> Result<Proof, Refusal> {
        let identity = match self.covers {
            Covers::Nothing => None,
            Covers::OneUse { id, digesting } => Some(ReplayIdentity::Id { id, body: digesting.finish() }),
            Covers::Body { digest, token, digesting } => {
                if !bool::from(digesting.finish().as_bytes().ct_eq(&digest)) {
                    return Err(Refusal::DigestMismatch);
                }
                Some(ReplayIdentity::Content(token))
            }
        };
        Ok(Proof { slot: self.slot, signed_at: self.signed_at, identity })
    }
}

/// The digest that a claim spells.
pub(super) fn digest_claim(text: Option<&str>) -> Result<[u8; 32], Refusal> {
    Encoding::Hex.decode(text.ok_or(Refusal::DigestMissing)?.as_bytes()).ok_or(Refusal::TokenMalformed)
}

impl fmt::Debug for OpenJwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenJwt").field("slot", &self.slot).finish_non_exhaustive()
    }
}
