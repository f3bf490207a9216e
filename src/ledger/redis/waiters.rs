//! Copies that wait for a claim in flight.
//!
//! Settled by this process, they are woken at once. Settled by another guard,
//! they find out by asking, ever more rarely. That needs no subscription, which
//! a failover would lose without a word.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::ledger::{LedgerKey, WAITERS_PER_KEY_MAX};

/// Who waits for what, in this process.
#[derive(Debug, Default)]
pub(super) struct Waiters(Mutex<HashMap<LedgerKey, Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    settled: Arc<Notify>,
    seats: usize,
}

/// A place among those that wait for a key.
#[derive(Debug)]
pub(super) struct Seat<'a> {
    waiters: &'a Waiters,
    key: LedgerKey,
    pub(super) settled: Arc<Notify>,
}

impl Waiters {
    /// A seat, unless as many wait as may.
    pub(super) fn sit(&self, key: LedgerKey) -> Option<Seat<'_>> {
        let mut all = self.lock();
        let waiting = all.entry(key).or_default();
        if waiting.seats == WAITERS_PER_KEY_MAX {
            return None;
        }
        waiting.seats += 1;
        Some(Seat { waiters: self, key, settled: Arc::clone(&waiting.settled) })
    }

    /// The claim of `key` was settled.
    pub(super) fn wake(&self, key: LedgerKey) {
        if let Some(waiting) = self.lock().get(&key) {
            waiting.settled.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<LedgerKey, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut all = self.waiters.lock();
        if let Some(waiting) = all.get_mut(&self.key) {
            waiting.seats -= 1;
            if waiting.seats == 0 {
                all.remove(&self.key);
            }
        }
    }
}

/// From one question to the next.
pub(super) fn pauses() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(PAUSE_MIN), |pause| Some((*pause * 3 / 2).min(PAUSE_MAX)))
}

/// Longer than most apps take.
const PAUSE_MIN: Duration = Duration::from_millis(25);

/// Some fourteen questions in the five seconds that a copy waits.
const PAUSE_MAX: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_are_few_and_come_back() {
        let waiters = Waiters::default();
        let key = LedgerKey([1; 32]);
        let seats: Vec<_> = (0..WAITERS_PER_KEY_MAX).map(|_| waiters.sit(key).unwrap()).collect();
        assert!(waiters.sit(key).is_none());
        assert!(waiters.sit(LedgerKey([2; 32])).is_some(), "another key is not touched");
        drop(seats);
        assert!(waiters.lock().is_empty());
        assert!(waiters.sit(key).is_some());
    }

    #[test]
    fn questions_become_rare_and_stay_few() {
        let mut waited = Duration::ZERO;
        let asked = pauses().take_while(|pause| {
            waited += *pause;
            waited < crate::ledger::WAIT_MAX
        });
        assert!(asked.count() < 20);
        assert_eq!(pauses().nth(30), Some(PAUSE_MAX));
    }
}
