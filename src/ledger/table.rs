//! The entries that live, in memory: a moka map from key to slot, without
//! capacity and without expiry.
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
//! - Locks are taken in one order: slot, then calendar or recorder. A turn
//!   stands alone.
//!
//! A recorder is told of every change, under the lock of the slot, so that what
//! it writes down of one key is in the order in which it happened.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use moka::sync::Cache;

use super::calendar::Calendar;
use super::change::{Change, Kept, Recorder};
use super::entry::{Met, Remembered};
use super::slot::{Held, Slot, lock};
use super::sources::Sources;
use super::{
    Charge, Claim, ClaimRequest, Claimed, Class, LedgerError, LedgerKey, LedgerOptions, OnUnknown, Owner,
    Settlement, SourceIndex, SourceTag, WAIT_MAX, Waited,
};
use crate::clock::{Clock, UnixTime};
use crate::limits::Bound;

/// The entries.
pub(super) struct Table<R> {
    slots: Cache<LedgerKey, Arc<Slot>>,
    turns: [Mutex<()>; TURNS],
    calendar: Calendar<Slot>,
    entries: Bound,
    sources: Sources,
    slots_made: AtomicU64,
    on_unknown: OnUnknown,
    clock: Arc<dyn Clock>,
    recorder: R,
}

impl<R: Recorder> Table<R> {
    /// An empty table that reads wall time from `clock` and tells `recorder` of
    /// its changes. Watermarks begin at the boot fence.
    pub(super) fn new(options: &LedgerOptions, clock: Arc<dyn Clock>, recorder: R) -> Self {
        Self {
            slots: Cache::builder().build(),
            turns: [const { Mutex::new(()) }; TURNS],
            calendar: Calendar::new(),
            entries: Bound::new(options.entries_max as u64),
            sources: Sources::new(options),
            slots_made: AtomicU64::new(0),
            on_unknown: options.on_unknown,
            clock,
            recorder,
        }
    }

    /// Who is told of the changes.
    pub(super) fn recorder(&self) -> &R {
        &self.recorder
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
        let source = self.sources.at(request.source).ok_or(LedgerError::Unavailable)?;
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

    /// [`Ledger::place`](super::Ledger::place).
    pub(super) fn place(&self, source: SourceTag) -> Option<SourceIndex> {
        self.sources.place(source)
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
        let Some(source) = self.sources.at(slot.source) else { return };
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

    /// [`Ledger::claim`](super::Ledger::claim).
    pub(super) fn claim(&self, request: &ClaimRequest) -> Result<Claimed, LedgerError> {
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
                if let Some(kept) = self.kept(&slot, &held) {
                    self.recorder.record(&Change::Claimed(kept));
                }
                drop(held);
                self.sweep(now, SWEEP_CLAIM);
                let owner = Owner::Slot(slot);
                return Ok(Claimed::New(Claim { request: *request, charge: Charge::Due, owner }));
            }
            match self.meet(&slot, &mut held, request, now) {
                Met::Nothing => self.forget(&slot, &mut held),
                Met::InFlight => return Ok(Claimed::InFlight),
                Met::Accepted(class) => return Ok(Claimed::Settled(class)),
                Met::OtherContent => return Ok(Claimed::IdReused),
            }
        }
    }

    /// Settles the claim of `slot`, made for `request`.
    pub(super) fn settle(&self, slot: &Arc<Slot>, request: &ClaimRequest, settlement: Settlement) {
        let mut held = slot.lock();
        if !held.entry.is_in_flight() {
            return;
        }
        match settlement {
            Settlement::Commit => {
                let until = request.memory.until(request.signed_at, self.clock.now());
                held.entry.accept(until);
                self.file(slot, &mut held, until);
                self.recorder.record(&Change::Accepted { key: slot.key, until });
            }
            Settlement::Release => {
                self.forget(slot, &mut held);
                self.recorder.record(&Change::Released { key: slot.key });
            }
        }
    }

    /// [`Ledger::wait`](super::Ledger::wait).
    pub(super) async fn wait(
        &self,
        request: &ClaimRequest,
        patience: Duration,
    ) -> Result<Waited, LedgerError> {
        let Some(slot) = self.slots.get(&request.key) else { return Ok(Waited::Unsettled) };
        let meet = |held: &mut Held| self.meet(&slot, held, request, self.clock.now());
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

    /// What `request` is to the entry of `slot`. A newer signature changes the
    /// entry, and is recorded.
    fn meet(&self, slot: &Slot, held: &mut Held, request: &ClaimRequest, now: UnixTime) -> Met {
        let met = held.entry.meet(request, now, self.on_unknown);
        if met == Met::Accepted(Class::Retry)
            && let Some(Remembered { signed_at: Some(signed_at), until, .. }) = held.entry.remembered()
        {
            self.recorder.record(&Change::Renewed { key: slot.key, signed_at, until });
        }
        met
    }

    /// Live entries: what has ended is swept first.
    pub(super) fn entries(&self) -> u64 {
        let now = self.clock.now();
        while self.sweep(now, SWEEP_FULL) > 0 {}
        self.entries.held()
    }

    /// Puts in an accepted entry of an earlier process. It comes in although
    /// the table be full: what lives is never forgotten.
    pub(super) fn load(&mut self, kept: &Kept) {
        let index = self.sources.place_unfenced(kept.source);
        let Some(source) = self.sources.at(index) else { return };
        let number = self.slots_made.fetch_add(1, Ordering::Relaxed);
        let slot = Arc::new(Slot::accepted(kept, index, number));
        self.file(&slot, &mut slot.lock(), kept.remembered.until);
        source.entries.take_anyway(1);
        self.entries.take_anyway(1);
        self.slots.insert(kept.key, slot);
    }

    /// Has the watermark of `tag` where an earlier process left it, in place of
    /// the boot fence. A source that this process does not have is kept beside
    /// the others: it may be back after the next start.
    pub(super) fn restore(&mut self, tag: SourceTag, watermark: UnixTime) {
        self.sources.restore(tag, watermark);
    }

    /// Believes in nothing that was signed at or before `at`.
    pub(super) fn raise_watermarks(&self, at: UnixTime) {
        for source in &**self.sources.all() {
            source.watermark.raise(at);
        }
    }

    /// Where the watermark of each source stands.
    pub(super) fn watermarks(&self) -> Vec<(SourceTag, UnixTime)> {
        self.sources.all().iter().map(|source| (source.tag, source.watermark.at())).collect()
    }

    /// Goes through the entries while others change them. One that is there from
    /// the beginning to the end is seen once.
    pub(super) fn kept_entries(&self) -> impl Iterator<Item = (Kept, Settled)> {
        self.slots.iter().filter_map(|(_, slot)| {
            let held = slot.lock();
            let settled = if held.entry.is_in_flight() { Settled::No } else { Settled::Yes };
            self.kept(&slot, &held).map(|kept| (kept, settled))
        })
    }

    /// What is kept of an entry that has not ended.
    fn kept(&self, slot: &Slot, held: &Held) -> Option<Kept> {
        let remembered = held.entry.remembered()?;
        let source = self.sources.at(slot.source)?.tag;
        Some(Kept { key: slot.key, source, remembered })
    }
}

impl<R> fmt::Debug for Table<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("entries", &self.entries).finish_non_exhaustive()
    }
}

/// Whether an entry's outcome is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// It was accepted.
    Yes,
    /// Its owner has it.
    No,
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
