//! Evidence that a signature held, and what it says.

use http::HeaderValue;

use super::digest::Digest;
use crate::clock::UnixTime;

/// Evidence that the signature held over the whole request. Only
/// [`Open::finish`](super::Open::finish) makes one.
#[derive(Debug)]
pub struct Proof {
    pub(super) slot: usize,
    pub(super) signed_at: Option<UnixTime>,
    pub(super) identity: Option<ReplayIdentity>,
}

impl Proof {
    /// Which configured secret made the signature, counted from 0. With one
    /// secret given twice, the first.
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// The message id, where the scheme signs one.
    pub fn message_id(&self) -> Option<&HeaderValue> {
        match &self.identity {
            Some(ReplayIdentity::Id { id, .. }) => Some(id),
            Some(ReplayIdentity::Content(_)) | None => None,
        }
    }

    /// The signed time, where the scheme signs one.
    pub fn signed_at(&self) -> Option<UnixTime> {
        self.signed_at
    }

    /// What the ledger keys on; `None` where the scheme signs nothing of the
    /// request, so that there is nothing to know a copy by.
    pub fn identity(&self) -> Option<&ReplayIdentity> {
        self.identity.as_ref()
    }
}

/// What names a delivery, from signed material only: never an unsigned header,
/// and never the signature's own text, which may have more than one form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayIdentity {
    /// The scheme signs an id.
    Id {
        /// The id, as sent.
        id: HeaderValue,
        /// Digest of the body.
        body: Digest,
    },
    /// The scheme signs no id: the digest of all the signed bytes.
    Content(Digest),
}

impl ReplayIdentity {
    /// What is equal in two copies of one delivery: the digest of the body
    /// where there is an id, of the signed bytes otherwise.
    pub const fn digest(&self) -> Digest {
        match self {
            Self::Id { body, .. } => *body,
            Self::Content(content) => *content,
        }
    }
}
