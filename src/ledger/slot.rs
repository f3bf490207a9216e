//! The place of one entry in memory, from its claim until it is forgotten.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::change::Kept;
use super::entry::Entry;
use super::{ClaimRequest, LedgerKey, SourceIndex};
use crate::clock::UnixTime;

/// What the map holds under a key.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) key: LedgerKey,
    pub(super) source: SourceIndex,
    /// Its own among all slots ever made.
    pub(super) number: u64,
    held: Mutex<Held>,
}

/// What the lock of a slot protects.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) entry: Entry,
    /// Where the calendar has the slot: not later than its entry ends.
    pub(super) filed: Option<UnixTime>,
}

impl Slot {
    /// Claimed at `now`, and not in the calendar yet.
    pub(super) fn new(request: &ClaimRequest, number: u64, now: UnixTime) -> Self {
        let held = Held { entry: Entry::in_flight(request, now), filed: None };
        Self { key: request.key, source: request.source, number, held: Mutex::new(held) }
    }

    /// Of an entry that was accepted before, and not in the calendar yet.
    pub(super) fn accepted(kept: &Kept, source: SourceIndex, number: u64) -> Self {
        let held = Held { entry: Entry::accepted(&kept.remembered), filed: None };
        Self { key: kept.key, source, number, held: Mutex::new(held) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Held> {
        lock(&self.held)
    }
}

/// Takes a lock that a panic may have poisoned: nothing that panics can leave
/// an entry half changed, and one delivery must not take others with it.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
