//! The body step: the signature held, and the body must be the one it speaks of.

use std::fmt;

use super::digests::BodyDigests;
use crate::clock::UnixTime;
use crate::schemes::digest::Digest;
use crate::schemes::proof::{Proof, ReplayIdentity};
use crate::schemes::refusal::Refusal;

/// What a signature over the head says, once it held.
pub(in crate::schemes) struct Signed {
    /// Which secret made it.
    pub(in crate::schemes) slot: usize,
    pub(in crate::schemes) at: UnixTime,
    /// The digest of all the signed bytes.
    pub(in crate::schemes) base: Digest,
}

/// A delivery whose head is signed, and whose body is still to come.
pub(in crate::schemes) struct OpenCovered {
    signed: Signed,
    digests: BodyDigests,
}

impl OpenCovered {
    pub(in crate::schemes) fn new(signed: Signed, digests: BodyDigests) -> Self {
        Self { signed, digests }
    }

    /// Takes the next bytes of the body, of any length, exactly as received.
    pub(in crate::schemes) fn update(&mut self, chunk: &[u8]) {
        self.digests.update(chunk);
    }

    pub(in crate::schemes) fn claimed_at(&self) -> UnixTime {
        self.signed.at
    }

    /// Whether the body has the digests that were signed.
    pub(in crate::schemes) fn finish(self) -> Result<Proof, Refusal> {
        self.digests.finish()?;
        let Signed { slot, at, base } = self.signed;
        // The signed bytes hold time, nonce and digest: two messages that agree
        // in all of them are one message. A nonce names no message to its
        // sender, who makes a new one for each retry, so it is no id.
        Ok(Proof { slot, signed_at: Some(at), identity: Some(ReplayIdentity::Content(base)) })
    }
}

impl fmt::Debug for OpenCovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenCovered").field("signed_at", &self.signed.at).finish_non_exhaustive()
    }
}
