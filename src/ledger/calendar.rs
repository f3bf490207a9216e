//! When entries are to be looked at again: the order in which they end.
//!
//! Expiry by moka runs on a clock of its own and hides an entry before anybody
//! is told; a key must be forgotten by wall time, and only after the watermark
//! was raised. So forgetting goes by this calendar, a few entries at each claim.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::slot::lock;
use crate::clock::UnixTime;

/// Things filed under the instant at which they are due.
#[derive(Debug)]
pub(super) struct Calendar<T> {
    // The number tells apart what is due at the same instant.
    filed: Mutex<BTreeMap<(UnixTime, u64), Arc<T>>>,
}

impl<T> Calendar<T> {
    pub(super) const fn new() -> Self {
        Self { filed: Mutex::new(BTreeMap::new()) }
    }

    /// Files `thing` under `due`. `number` is its own among all things.
    pub(super) fn file(&self, due: UnixTime, number: u64, thing: &Arc<T>) {
        lock(&self.filed).insert((due, number), Arc::clone(thing));
    }

    /// Takes out what was filed so; nothing happens when it was taken before.
    pub(super) fn unfile(&self, due: UnixTime, number: u64) {
        lock(&self.filed).remove(&(due, number));
    }

    /// Takes out what is due by `now`, the oldest first, at most `most`.
    pub(super) fn take_due(&self, now: UnixTime, most: usize) -> Vec<Arc<T>> {
        let mut filed = lock(&self.filed);
        std::iter::from_fn(|| {
            let first = filed.first_entry()?;
            (first.key().0 <= now).then(|| first.remove())
        })
        .take(most)
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> UnixTime {
        UnixTime::from_secs(secs)
    }

    fn due(calendar: &Calendar<u64>, now: u64, most: usize) -> Vec<u64> {
        calendar.take_due(secs(now), most).iter().map(|thing| **thing).collect()
    }

    #[test]
    fn what_is_due_comes_once_and_the_oldest_first() {
        let calendar = Calendar::new();
        for (when, thing) in [(30, 3), (10, 1), (20, 2)] {
            calendar.file(secs(when), thing, &Arc::new(thing));
        }
        assert_eq!(due(&calendar, 9, 9), [0; 0]);
        assert_eq!(due(&calendar, 20, 9), [1, 2]);
        assert_eq!(due(&calendar, 20, 9), [0; 0]);
        assert_eq!(due(&calendar, 30, 9), [3]);
    }

    #[test]
    fn no_more_than_asked_for_is_taken() {
        let calendar = Calendar::new();
        for thing in 0..5 {
            calendar.file(secs(1), thing, &Arc::new(thing));
        }
        assert_eq!(due(&calendar, 1, 2), [0, 1]);
        assert_eq!(due(&calendar, 1, 9), [2, 3, 4]);
    }

    #[test]
    fn what_is_unfiled_does_not_come() {
        let calendar = Calendar::new();
        calendar.file(secs(1), 7, &Arc::new(7));
        calendar.unfile(secs(1), 7);
        assert_eq!(due(&calendar, 1, 9), [0; 0]);
    }
}
