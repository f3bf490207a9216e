//! The memory engine: a moka map from key to slot, without capacity and
//! without expiry.
//!
//! Of all that ask for an absent key, one inserts its slot and the others find
//! it. From then on the slot's own lock decides, and a commit needs no look-up.
//!
//! What keeps races out:
//! - Who looks for a key and inserts its slot takes a turn: a lock per share of
//!   the keys. moka's own insertion-if-absent does the same at more than twice
//!   the cost, and shares one caller's refusal with others.
//! - A slot leaves the map under its own lock, in the same step in which its
//!   entry ends, and only slots of absent keys are inserted. So whoever finds
//!   an entry that has ended looks again and finds the key absent.
//! - A slot is claimed once in its life. Being its holder is the owner token.
//! - Locks are taken in one order: slot, then calendar. A turn stands alone.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use moka::sync::Cache;

use super::calendar::Calendar;
use super::entry::Met;
use super::slot::{Held, Slot, lock};
use super::watermark::Watermark;
use super::{
    Charge, Claim, ClaimRequest, Claimed, Ledger, LedgerError, LedgerKey, LedgerOptions, OnUnknown, Owner,
    Settlement, SourceIndex, WAIT_MAX, Waited,
};
use crate::clock::{Clock, UnixTime};
use crate::limits::Bound;

/// Remembers in this process's memory; a restart forgets, behind the boot
/// fence.
pub struct MemoryLedger {
    slots: Cache<LedgerKey, Arc<Slot>>,
    turns: [Mutex<()>; TURNS],
    calendar: Calendar<Slot>,
    entries: Bound,
    sources: Box<[Source]>,
    slots_made: AtomicU64,
    on_unknown: OnUnknown,
    clock: Arc<dyn Clock>,
}

/// What is kept for one source.
struct Source {
    entries: Bound,
    watermark: Watermark,
}

impl MemoryLedger {
    /// An empty ledger that reads wall time from `clock`.
    pub fn new(options: &LedgerOptions, clock: Arc<dyn Clock>) -> Self {
        let source = || Source {
            entries: Bound::new(options.entries_max_per_source as u64),
            watermark: Watermark::new(options.boot_fence),
        };
        Self {
            slots: Cache::builder().build(),
            turns: [const { Mutex::new(()) }; TURNS],
            calendar: Calendar::new(),
            entries: Bound::new(options.entries_max as u64),
            sources: std::iter::repeat_with(source).take(options.sources.len()).collect(),
            slots_made: AtomicU64::new(0),
            on_unknown: options.on_unknown,
            clock,
        }
    }

    /// From now on, what was signed at or before `instant` counts as forgotten.
    pub(super) fn fence(&self, instant: UnixTime) {
        self.sources.iter().for_each(|source| source.watermark.raise(instant));
    }

    /// The slot of the request's key, and whether this call made it.
    fn slot(&self, request: &ClaimRequest, now: UnixTime) -> Result<(Arc<Slot>, Origin), LedgerError> {
        let _turn = lock(&self.turns[request.key.0[0] as usize % TURNS]);
        // Most keys are new. `get` would note each miss for an eviction that
        // there is none of.
        if self.slots.contains_key(&request.key)
            && let Some(slot) = self.slots.get(&request.key)
        {
            return Ok((slot, Origin::Found));
        }
        self.admit(request)?;
        let number = self.slots_made.fetch_add(1, Ordering::Relaxed);
        let slot = Arc::new(Slot::new(request, number, now));
        self.slots.insert(request.key, Arc::clone(&slot));
        Ok((slot, Origin::Made))
    }

    /// Whether an absent key may be claimed; counts the entry if so.
    fn admit(&self, request: &ClaimRequest) -> Result<(), LedgerError> {
        let source = self.source(request.source)?;
        if request.signed_at.is_some_and(|signed_at| source.watermark.covers(signed_at)) {
            return Err(LedgerError::SignedBeforeMemory);
        }
        if !source.entries.take(1) {
            return Err(LedgerError::Full);
        }
        if !self.entries.take(1) {
            source.entries.give_back(1);
            return Err(LedgerError::Full);
        }
        Ok(())
    }

    /// An index beyond the sources of the start cannot be fenced or counted.
    fn source(&self, index: SourceIndex) -> Result<&Source, LedgerError> {
        self.sources.get(index.0 as usize).ok_or(LedgerError::Unavailable)
    }

    /// Files `slot` so that it is looked at when its entry ends.
    fn file(&self, slot: &Arc<Slot>, held: &mut Held, due: UnixTime) {
        match held.filed {
            Some(filed) if filed <= due => return,
            Some(filed) => self.calendar.unfile(filed, slot.number),
            None => {}
        }
        held.filed = Some(due);
        self.calendar.file(due, slot.number, slot);
    }

    /// Ends the entry and takes its slot out of the map, the calendar and the
    /// count; nothing happens when that was done before. The watermark comes
    /// first: from the moment at which the key is absent, it alone stands
    /// between a copy and the app.
    fn forget(&self, slot: &Slot, held: &mut Held) {
        let source = &self.sources[slot.source.0 as usize];
        let Some(ended) = held.entry.end() else { return };
        if let Some(signed_at) = ended.forgets {
            source.watermark.raise(signed_at);
        }
        self.slots.invalidate(&slot.key);
        if let Some(filed) = held.filed.take() {
            self.calendar.unfile(filed, slot.number);
        }
        source.entries.give_back(1);
        self.entries.give_back(1);
    }

    /// Looks at no more than `most` slots that are due: forgets those that have
    /// ended and files the others anew. Returns at how many it looked.
    ///
    /// Every entry is looked at about twice in its life, when its lease would
    /// have ended and when it has, so a few at each claim keep up with all.
    fn sweep(&self, now: UnixTime, most: usize) -> usize {
        let due = self.calendar.take_due(now, most);
        for slot in &due {
            let mut held = slot.lock();
            held.filed = None;
            match held.entry.due(now, self.on_unknown) {
                Some(due) => self.file(slot, &mut held, due),
                None => self.forget(slot, &mut held),
            }
        }
        due.len()
    }
}

impl Ledger for MemoryLedger {
    async fn claim(&self, request: &ClaimRequest) -> Result<Claimed, LedgerError> {
        let now = self.clock.now();
        loop {
            let (slot, origin) = match self.slot(request, now) {
                // What has ended must not count against what arrives.
                Err(LedgerError::Full) if self.sweep(now, SWEEP_FULL) > 0 => continue,
                found => found?,
            };
            let mut held = slot.lock();
            if origin == Origin::Made {
                self.file(&slot, &mut held, now.saturating_add(request.lease));
                drop(held);
                self.sweep(now, SWEEP_CLAIM);
                let owner = Owner::Slot(slot);
                return Ok(Claimed::New(Claim { request: *request, charge: Charge::Due, owner }));
            }
            match held.entry.meet(request, now, self.on_unknown) {
                Met::Nothing => self.forget(&slot, &mut held),
                Met::InFlight => return Ok(Claimed::InFlight),
                Met::Accepted(class) => return Ok(Claimed::Settled(class)),
                Met::OtherContent => return Ok(Claimed::IdReused),
            }
        }
    }

    async fn settle(&self, claim: Claim, settlement: Settlement) -> Result<(), LedgerError> {
        let Claim { request, owner: Owner::Slot(slot), .. } = claim else { return Ok(()) };
        let mut held = slot.lock();
        if !held.entry.is_in_flight() {
            return Ok(());
        }
        match settlement {
            Settlement::Commit => {
                let until = request.memory.until(request.signed_at, self.clock.now());
                held.entry.accept(until);
                self.file(&slot, &mut held, until);
            }
            Settlement::Release => self.forget(&slot, &mut held),
        }
        Ok(())
    }

    async fn wait(&self, request: &ClaimRequest, patience: Duration) -> Result<Waited, LedgerError> {
        let Some(slot) = self.slots.get(&request.key) else { return Ok(Waited::Unsettled) };
        let meet = |held: &mut Held| held.entry.meet(request, self.clock.now(), self.on_unknown);
        let listener = {
            let mut held = slot.lock();
            match meet(&mut held) {
                Met::Accepted(class) => return Ok(Waited::Settled(class)),
                Met::InFlight => held.entry.listen(),
                Met::Nothing | Met::OtherContent => None,
            }
        };
        let Some(mut listener) = listener else { return Ok(Waited::Unsettled) };
        // Whether it was settled or patience ran out, the entry says what is.
        let _ = tokio::time::timeout(patience.min(WAIT_MAX), listener.changed()).await;
        match meet(&mut slot.lock()) {
            Met::Accepted(class) => Ok(Waited::Settled(class)),
            Met::Nothing | Met::InFlight | Met::OtherContent => Ok(Waited::Unsettled),
        }
    }

    /// Exact: what has ended is swept first.
    async fn entries(&self) -> Result<Option<u64>, LedgerError> {
        let now = self.clock.now();
        while self.sweep(now, SWEEP_FULL) > 0 {}
        Ok(Some(self.entries.held()))
    }
}

impl fmt::Debug for MemoryLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLedger").field("entries", &self.entries).finish_non_exhaustive()
    }
}

/// Whether a slot was there before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    Found,
    Made,
}

/// Shares of the keys; keys are digests, so each gets as many as another.
const TURNS: usize = 64;

/// Due slots looked at by a claim that finds room, and in one step by one that
/// does not.
const SWEEP_CLAIM: usize = 4;
const SWEEP_FULL: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{contract, model};

    async fn open(options: LedgerOptions, clock: Arc<dyn Clock>) -> MemoryLedger {
        MemoryLedger::new(&options, clock)
    }

    contract::tests!(Time::Paused, open);
    contract::bounded!(Time::Paused, open);

    #[tokio::test]
    async fn entries_are_counted() {
        let ledger = open(contract::options(), Arc::new(crate::clock::SystemClock)).await;
        assert_eq!(ledger.entries().await, Ok(Some(0)));
    }

    model::tests!(open);
}
