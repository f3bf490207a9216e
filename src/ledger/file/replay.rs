//! What records say together: entries and watermarks.
//!
//! A snapshot is made while changes go on, so that the journal behind it tells
//! some of what the snapshot already has. What is replayed comes to the same
//! end: the last change of a key decides, whatever was known of it before.

use std::collections::HashMap;

use super::format::Record;
use crate::clock::UnixTime;
use crate::config::OnUnknown;
use crate::ledger::change::{Change, Kept};
use crate::ledger::entry::Remembered;
use crate::ledger::table::Settled;
use crate::ledger::{LedgerKey, SourceTag};

/// What was read so far.
#[derive(Debug)]
pub(super) struct Replay {
    on_unknown: OnUnknown,
    entries: HashMap<LedgerKey, Known>,
    watermarks: HashMap<SourceTag, UnixTime>,
}

/// What is known under one key.
#[derive(Clone, Copy, Debug)]
struct Known {
    source: SourceTag,
    remembered: Remembered,
    settled: Settled,
}

impl Known {
    fn new(kept: &Kept, settled: Settled) -> Self {
        Self { source: kept.source, remembered: kept.remembered, settled }
    }
}

/// What an earlier process left, beside its entries.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Legacy {
    /// By source: what was signed until then may have been forgotten.
    pub(super) watermarks: HashMap<SourceTag, UnixTime>,
    /// How claims were settled whose owner died.
    pub(super) settled: Vec<Change>,
}

impl Replay {
    /// Nothing yet. Claims whose owner died follow `on_unknown`.
    pub(super) fn new(on_unknown: OnUnknown) -> Self {
        Self { on_unknown, entries: HashMap::new(), watermarks: HashMap::new() }
    }

    /// Takes note of one record.
    pub(super) fn apply(&mut self, record: &Record) {
        match *record {
            Record::Change(change) => self.change(change),
            Record::Entry(kept) => {
                self.entries.insert(kept.key, Known::new(&kept, Settled::Yes));
            }
            Record::Watermark { source, at } => self.raise(source, at),
            Record::Closed | Record::Complete { .. } => {}
        }
    }

    fn change(&mut self, change: Change) {
        match change {
            Change::Claimed(kept) => {
                let before = self.entries.insert(kept.key, Known::new(&kept, Settled::No));
                self.forget_for(before, &kept);
            }
            // Of an absent key: it came and went before the snapshot, whose
            // watermark covers it.
            Change::Accepted { key, until } => {
                if let Some(known) = self.entries.get_mut(&key) {
                    (known.remembered.until, known.settled) = (until, Settled::Yes);
                }
            }
            // What is accepted cannot be released: it is of a later claim.
            Change::Released { key } => {
                if self.entries.get(&key).is_some_and(|known| known.settled == Settled::No) {
                    self.entries.remove(&key);
                }
            }
            // Only what is accepted is renewed, if only because it lapsed so.
            Change::Renewed { key, signed_at, until } => {
                if let Some(Known { remembered, settled, .. }) = self.entries.get_mut(&key) {
                    remembered.signed_at = remembered.signed_at.max(Some(signed_at));
                    remembered.until = remembered.until.max(until);
                    *settled = Settled::Yes;
                }
            }
        }
    }

    /// A claim found the key absent, so what was accepted under it, by its owner
    /// or because it lapsed so, was forgotten before. A claim with an older signature was refused then: it is the claim
    /// of that very entry, which the snapshot already had.
    fn forget_for(&mut self, before: Option<Known>, claimed: &Kept) {
        let Some(before) = before else { return };
        if before.settled == Settled::No && self.on_unknown == OnUnknown::Release {
            return;
        }
        if let Some(signed_at) = before.remembered.signed_at
            && claimed.remembered.signed_at > Some(signed_at)
        {
            self.raise(before.source, signed_at);
        }
    }

    fn raise(&mut self, source: SourceTag, at: UnixTime) {
        let watermark = self.watermarks.entry(source).or_insert(at);
        *watermark = at.max(*watermark);
    }

    /// What is left of it at `now`. Nobody owns a claim any more. Each entry that
    /// was accepted, and is not to be forgotten yet, goes to `live`.
    pub(super) fn conclude(&mut self, now: UnixTime, mut live: impl FnMut(&Kept)) -> Legacy {
        let mut legacy = Legacy::default();
        for (key, known) in std::mem::take(&mut self.entries) {
            let Known { source, remembered, settled } = known;
            let until = remembered.until;
            match (settled, self.on_unknown) {
                (Settled::Yes, _) => {}
                (Settled::No, OnUnknown::Hold) => legacy.settled.push(Change::Accepted { key, until }),
                (Settled::No, OnUnknown::Release) => {
                    legacy.settled.push(Change::Released { key });
                    continue;
                }
            }
            if now < until {
                live(&Kept { key, source, remembered });
            } else if let Some(signed_at) = remembered.signed_at {
                self.raise(source, signed_at);
            }
        }
        legacy.watermarks = std::mem::take(&mut self.watermarks);
        legacy
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::kept;
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_100);
    const LATER: UnixTime = UnixTime::from_secs(1_700_000_900);

    /// The entries that live, and what is left beside them.
    fn replayed(records: &[Record], now: UnixTime, on_unknown: OnUnknown) -> (Vec<Kept>, Legacy) {
        let (mut replay, mut live) = (Replay::new(on_unknown), Vec::new());
        for record in records {
            replay.apply(record);
        }
        let legacy = replay.conclude(now, |kept| live.push(*kept));
        (live, legacy)
    }

    fn claimed(number: u8) -> Record {
        Record::Change(Change::Claimed(kept(number)))
    }

    fn accepted(number: u8, until: UnixTime) -> Record {
        Record::Change(Change::Accepted { key: kept(number).key, until })
    }

    fn released(number: u8) -> Record {
        Record::Change(Change::Released { key: kept(number).key })
    }

    fn until(number: u8, until: UnixTime) -> Kept {
        let mut kept = kept(number);
        kept.remembered.until = until;
        kept
    }

    #[test]
    fn what_was_accepted_is_there_until_its_time() {
        let records = [claimed(2), accepted(2, LATER)];
        let (live, legacy) = replayed(&records, NOW, OnUnknown::Release);
        assert_eq!((live, legacy), (vec![until(2, LATER)], Legacy::default()));
        let (live, legacy) = replayed(&records, LATER, OnUnknown::Release);
        assert_eq!(live, []);
        let signed_at = kept(2).remembered.signed_at.unwrap();
        assert_eq!(legacy.watermarks, HashMap::from([(kept(2).source, signed_at)]), "forgotten, so fenced");
    }

    #[test]
    fn what_was_released_is_not_there() {
        let left = replayed(&[claimed(2), released(2)], NOW, OnUnknown::Hold);
        assert_eq!(left, (Vec::new(), Legacy::default()));
    }

    #[test]
    fn an_unsettled_claim_follows_the_choice_for_unknown_outcomes() {
        let (live, legacy) = replayed(&[claimed(2)], NOW, OnUnknown::Release);
        assert_eq!((live, legacy.settled), (vec![], vec![Change::Released { key: kept(2).key }]));
        let (live, legacy) = replayed(&[claimed(2)], NOW, OnUnknown::Hold);
        let (key, until) = (kept(2).key, kept(2).remembered.until);
        assert_eq!((live, legacy.settled), (vec![kept(2)], vec![Change::Accepted { key, until }]));
    }

    #[test]
    fn a_claim_of_a_forgotten_key_fences_what_was_forgotten() {
        let mut again = kept(2);
        let before = again.remembered.signed_at.unwrap();
        again.remembered.signed_at = Some(LATER);
        let records = [claimed(2), accepted(2, NOW), Record::Change(Change::Claimed(again))];
        let (live, legacy) = replayed(&records, NOW, OnUnknown::Hold);
        assert_eq!(legacy.watermarks, HashMap::from([(kept(2).source, before)]));
        assert_eq!(live, [again]);
    }

    #[test]
    fn what_the_snapshot_has_already_changes_nothing_when_it_is_told_again() {
        let journal = [claimed(2), accepted(2, LATER), claimed(3), released(3), claimed(4)];
        let alone = replayed(&journal, NOW, OnUnknown::Release);
        // The snapshot saw every key at another moment.
        for snapshot in [
            vec![Record::Entry(until(2, LATER))],
            vec![claimed(2), claimed(3), claimed(4)],
            vec![Record::Entry(until(2, LATER)), claimed(4)],
        ] {
            let both = [&snapshot[..], &journal].concat();
            assert_eq!(replayed(&both, NOW, OnUnknown::Release), alone, "{snapshot:?}");
        }
    }
}
