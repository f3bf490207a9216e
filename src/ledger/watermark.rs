//! The watermark of a source: what was signed at or before it may have been
//! forgotten.
//!
//! One rule keeps a bounded memory safe: what bears a signed time is forgotten
//! only after the watermark was raised to that time, and what is at or below
//! the watermark and not in memory is refused. So nothing that was accepted can
//! be accepted again, whatever happened since: a start with empty memory (the
//! boot fence raises it to the start), a clock stepped back, a tolerance made
//! longer by a reload.
//!
//! It rises by what was really forgotten, not by the clock. A clock that ran
//! ahead for a while and was set right therefore refuses nothing it need not.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::UnixTime;

/// An instant that only moves forward while deliveries are claimed.
#[derive(Debug)]
pub(super) struct Watermark(AtomicU64);

impl Watermark {
    /// Begins at `fence`; without one, at the epoch, where it refuses nothing.
    pub(super) fn new(fence: Option<UnixTime>) -> Self {
        Self(AtomicU64::new(fence.unwrap_or(UnixTime::EPOCH).as_millis()))
    }

    /// Something signed at `signed_at` is about to be forgotten. Call this
    /// first and forget then: between the two, a copy must not get through.
    pub(super) fn raise(&self, signed_at: UnixTime) {
        self.0.fetch_max(signed_at.as_millis(), Ordering::AcqRel);
    }

    /// Stands where an earlier process left it, which may be lower. For the
    /// start, before anything is claimed.
    pub(super) fn restore(&self, at: UnixTime) {
        self.0.store(at.as_millis(), Ordering::Release);
    }

    /// Where it stands.
    pub(super) fn at(&self) -> UnixTime {
        UnixTime::from_millis(self.0.load(Ordering::Acquire))
    }

    /// Whether something signed at `signed_at` may have been forgotten.
    pub(super) fn covers(&self, signed_at: UnixTime) -> bool {
        signed_at <= self.at()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_covers_its_own_instant_and_all_before_and_nothing_after() {
        let watermark = Watermark::new(Some(UnixTime::from_millis(1000)));
        for (millis, covered) in [(0, true), (999, true), (1000, true), (1001, false)] {
            assert_eq!(watermark.covers(UnixTime::from_millis(millis)), covered, "{millis}");
        }
    }

    #[test]
    fn it_never_moves_back() {
        let watermark = Watermark::new(None);
        watermark.raise(UnixTime::from_secs(20));
        watermark.raise(UnixTime::from_secs(10));
        assert!(watermark.covers(UnixTime::from_secs(20)));
        assert!(!watermark.covers(UnixTime::from_secs(21)));
    }
}
