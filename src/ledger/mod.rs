//! The ledger: what the guard remembers of deliveries, to drop replays and
//! never lose a retry.
//!
//! A delivery whose signature held *claims* its key. The claim is settled by
//! the upstream's answer: committed when the app has the message, released
//! when it has not, so that the provider's own retry gets through.
//!
//! States of a key: absent → in flight (owner token and lease) → accepted
//! (until it may be forgotten) or released (absent again). What every engine
//! must keep is written once, as tests: `contract`. Start there.
//!
//! Keys come from signed material only. An engine never evicts a live entry:
//! a cache that forgets under pressure is an opening for replays, so a full
//! ledger refuses instead.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};

use crate::clock::UnixTime;
use crate::config::{OnUnknown, Rate};
use crate::schemes::{Digest, ReplayIdentity};

mod calendar;
mod change;
#[cfg(test)]
mod contract;
mod engine;
mod entry;
mod file;
mod memory;
#[cfg(test)]
mod model;
mod redis;
mod slot;
mod sources;
mod table;
mod watermark;

pub use self::redis::{RedisError, RedisLedger};
pub use engine::{Engine, OpenError};
// For fuzz targets alone, which are crates of their own.
#[doc(hidden)]
pub use file::{Account, account};
pub use file::{FileLedger, OpenError as FileOpenError};
pub use memory::MemoryLedger;

/// Which source a key belongs to: its place among the sources of the process.
/// Engines count and fence by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SourceIndex(pub u32);

/// What names a source wherever an engine keeps it outside of the process: a
/// hash of its ledger id. Places change when sources are added or reordered;
/// this stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SourceTag(pub(crate) [u8; 8]);

impl SourceTag {
    /// The tag of the source whose ledger id is `source`.
    pub fn new(source: &str) -> Self {
        let hash: [u8; 32] = Sha256::digest(source.as_bytes()).into();
        Self(*hash.first_chunk().expect("a hash has more bytes than a tag"))
    }
}

/// What names a delivery in the ledger: SHA-256 over the source's ledger id
/// and the signed identity, so that no engine stores or logs provider data.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LedgerKey([u8; 32]);

impl LedgerKey {
    /// The key of `identity` under the source whose ledger id is `source`.
    pub fn new(source: &str, identity: &ReplayIdentity) -> Self {
        // The length goes first, so that no bytes move between the parts.
        let mut hash = Sha256::new_with_prefix((source.len() as u64).to_be_bytes());
        hash.update(source.as_bytes());
        match identity {
            ReplayIdentity::Id { id, .. } => {
                hash.update([1]);
                hash.update(id.as_bytes());
            }
            ReplayIdentity::Content(content) => {
                hash.update([2]);
                hash.update(content.as_bytes());
            }
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Debug for LedgerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LedgerKey({:02x}{:02x}..)", self.0[0], self.0[1])
    }
}

/// How long an accepted delivery is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The scheme's tolerance; `None` where it signs no time. Signed bytes are
    /// remembered until signed time + tolerance, inclusive.
    pub tolerance: Option<Duration>,
    /// How long after its acceptance the key is remembered in any case: the
    /// dedupe window for signed ids, the preset's window for schemes without a
    /// signed time, zero where the tolerance alone decides.
    pub window: Duration,
}

impl Memory {
    /// The first instant at which what was signed at `signed_at` need not be
    /// remembered any more. Schemes compare whole seconds and take the last one
    /// of the tolerance, so that second is covered to its end.
    pub(crate) fn signed_until(self, signed_at: UnixTime) -> UnixTime {
        let tolerance = self.tolerance.unwrap_or_default();
        signed_at.saturating_add(tolerance).saturating_add(Duration::from_secs(1))
    }

    /// The first instant at which a delivery that was accepted at `accepted_at`
    /// may be forgotten: when both spans have passed.
    pub(crate) fn until(self, signed_at: Option<UnixTime>, accepted_at: UnixTime) -> UnixTime {
        let window = accepted_at.saturating_add(self.window);
        signed_at.map_or(window, |signed_at| self.signed_until(signed_at).max(window))
    }
}

/// One delivery asking to be the only one of its key.
#[derive(Clone, Copy, Debug)]
pub struct ClaimRequest {
    /// The source it came to.
    pub source: SourceIndex,
    /// What names it.
    pub key: LedgerKey,
    /// Digest of what must be equal for two deliveries of one key to be the
    /// same: the body where the key is an id, the signed bytes otherwise.
    pub content: Digest,
    /// The signed time, where the scheme signs one.
    pub signed_at: Option<UnixTime>,
    /// How long it is remembered once accepted.
    pub memory: Memory,
    /// How long its owner may take before the claim lapses.
    pub lease: Duration,
    /// The source's rate, for an engine that charges it with the claim.
    pub rate: Option<Rate>,
}

/// What became of a claim request.
#[derive(Debug)]
#[must_use = "a claim that is not settled blocks its key until the lease lapses"]
pub enum Claimed {
    /// First of its key: the holder forwards, then settles.
    New(Claim),
    /// The same delivery is being forwarded at this moment.
    InFlight,
    /// The same delivery was accepted before.
    Settled(Class),
    /// The signed id was used with another content.
    IdReused,
    /// The source's rate is used up, says an engine that charges it with the
    /// claim; the key is as it was.
    OverRate {
        /// How long until it is not.
        retry_after: Duration,
    },
}

/// How a copy relates to the delivery accepted before it, decided from signed
/// bytes alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The same signed bytes, or older ones of the same id, with a signed time.
    Replay,
    /// The same signed id and body under a newer signature.
    Retry,
    /// The same signed bytes in a scheme that signs no time.
    Redelivery,
}

impl Class {
    /// The name in headers, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Replay => "replay",
            Self::Retry => "retry",
            Self::Redelivery => "redelivery",
        }
    }
}

/// A provisional entry, held while the upstream works on the delivery.
///
/// A claim that is dropped without being settled lapses with its lease and
/// then follows [`OnUnknown`]: the owner died, and nobody knows what the
/// upstream did.
#[derive(Debug)]
pub struct Claim {
    /// What was asked for.
    pub request: ClaimRequest,
    /// Whether the source's rate is still to be charged.
    pub charge: Charge,
    owner: Owner,
}

/// Who charges the source's rate for a fresh claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// The guard, now that the claim is made: the engine does not know rates.
    Due,
    /// The engine has, with the claim.
    Made,
}

/// The owner token. A late settlement cannot touch what it does not own: a
/// later claim of the key has another token. One variant for each kind of
/// place in which engines keep entries.
#[derive(Debug)]
enum Owner {
    /// The very slot that was claimed, so that settling needs no second look-up.
    Slot(Arc<slot::Slot>),
    /// A name for the claim, kept with the entry wherever that is.
    Token([u8; 16]),
}

/// How the upstream's answer settles a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// A final 2xx status: the app has the message.
    Commit,
    /// Refused, failed or never sent: the provider's retry must get through.
    Release,
}

impl OnUnknown {
    /// The settlement it stands for.
    pub const fn settlement(self) -> Settlement {
        match self {
            Self::Release => Settlement::Release,
            Self::Hold => Settlement::Commit,
        }
    }
}

/// Why the ledger could not decide. Each becomes a 503: "cannot decide" must
/// never look like "refused".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// No room for one more live entry, in total or for the source.
    #[error("the ledger is full")]
    Full,
    /// The signed time is at or below the source's watermark: what was signed
    /// then may have been forgotten.
    #[error("signed before the ledger's memory begins")]
    SignedBeforeMemory,
    /// The engine cannot be asked.
    #[error("the ledger cannot be reached")]
    Unavailable,
}

/// What every engine is told at its start.
#[derive(Clone, Debug)]
pub struct LedgerOptions {
    /// Most live entries, of all sources.
    pub entries_max: usize,
    /// Most live entries of one source, so that one cannot crowd out others.
    pub entries_max_per_source: usize,
    /// The sources, each at its [`SourceIndex`].
    pub sources: Vec<SourceTag>,
    /// What becomes of claims that lapse.
    pub on_unknown: OnUnknown,
    /// Where the watermarks begin: the start of the process when its memory is
    /// empty then; `None` believes in what was signed before.
    pub boot_fence: Option<UnixTime>,
}

/// The most sources that one process gives a place to: those of its reloads add
/// up.
pub const SOURCES_MAX: u32 = 1 << 16;

/// What every engine does. Each method is atomic for its key.
pub trait Ledger: Send + Sync + fmt::Debug {
    /// The place of `source`, which is for good: the same after a reload that
    /// takes it away and one that brings it back. `None` when there are
    /// [`SOURCES_MAX`] others.
    fn place(&self, source: SourceTag) -> Option<SourceIndex>;

    /// Claims the key, or says what stands in the way. An engine that charges
    /// the source's rate with it says so in the claim ([`Charge`]); it charges
    /// for nothing but a fresh claim.
    fn claim(&self, request: &ClaimRequest) -> impl Future<Output = Result<Claimed, LedgerError>> + Send;

    /// Settles a claim. One that has lapsed and whose lapse was noticed, by a
    /// newer claim or otherwise, no longer owns its key and changes nothing.
    fn settle(
        &self,
        claim: Claim,
        settlement: Settlement,
    ) -> impl Future<Output = Result<(), LedgerError>> + Send;

    /// Waits, at most `patience` and at most [`WAIT_MAX`], until the claim in
    /// flight on the key of `request` is settled, and says what the copy that
    /// waits then is. A waiter never becomes the owner.
    fn wait(
        &self,
        request: &ClaimRequest,
        patience: Duration,
    ) -> impl Future<Output = Result<Waited, LedgerError>> + Send;

    /// Live entries, of all sources, exactly: what has ended is swept first, so
    /// this is for a metrics page and not for each delivery. `None` from an
    /// engine that cannot count them.
    fn entries(&self) -> impl Future<Output = Result<Option<u64>, LedgerError>> + Send;
}

/// Whether an engine that somebody else keeps can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can.
    Whole,
    /// It cannot, and nothing is decided.
    Away,
    /// It cannot, and the process's own memory stands in.
    Fallback,
}

/// What a waiting copy learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// The first was accepted; the copy gets the answer of its class.
    Settled(Class),
    /// Still in flight, released, or too many already wait for this key (the
    /// bound is [`WAITERS_PER_KEY_MAX`]): try again later.
    Unsettled,
}

/// At most this many copies wait for one key.
pub const WAITERS_PER_KEY_MAX: usize = 4;

/// The longest that a copy waits.
pub const WAIT_MAX: Duration = Duration::from_secs(5);
