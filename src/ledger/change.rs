//! What happens to entries, for an engine that must not forget it with the
//! process.
//!
//! That an entry ends by itself is no change: whoever knows the entry and the
//! time knows that too.

use super::entry::Remembered;
use super::{LedgerKey, SourceTag};
use crate::clock::UnixTime;

/// One change of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The key was absent, and is claimed.
    Claimed(Kept),
    /// The claim on the key is accepted, until an instant.
    Accepted { key: LedgerKey, until: UnixTime },
    /// The claim on the key is gone.
    Released { key: LedgerKey },
    /// The accepted entry has a newer signature, and lives longer for it.
    Renewed { key: LedgerKey, signed_at: UnixTime, until: UnixTime },
}

/// An entry as it is kept outside of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) key: LedgerKey,
    pub(super) source: SourceTag,
    pub(super) remembered: Remembered,
}

/// Who is told of changes: once for each, in the order in which they happen to
/// a key, and before anybody can see what they change.
pub(super) trait Recorder: Send + Sync {
    /// Takes note. Called under a lock: must not wait.
    fn record(&self, change: &Change);
}

/// Nobody.
#[derive(Debug)]
pub(super) struct Unrecorded;

impl Recorder for Unrecorded {
    fn record(&self, _: &Change) {}
}
