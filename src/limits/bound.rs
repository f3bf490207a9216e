//! A counter that never passes its bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much of something is held, and how much may be.
///
/// The unit is the owner's: entries, connections, bytes.
#[derive(Debug)]
pub(crate) struct Bound {
    held: AtomicU64,
    max: u64,
}

impl Bound {
    /// Nothing held; at most `max` may be.
    pub(crate) const fn new(max: u64) -> Self {
        Self { held: AtomicU64::new(0), max }
    }

    /// Takes `amount`, all or nothing; `false` when it does not fit.
    ///
    /// The check and the addition are one atomic step: a load, a comparison and
    /// an addition would let racing strangers past the bound together.
    #[must_use]
    pub(crate) fn take(&self, amount: u64) -> bool {
        let fits = |held: u64| held.checked_add(amount).filter(|&sum| sum <= self.max);
        self.held.fetch_update(Ordering::AcqRel, Ordering::Relaxed, fits).is_ok()
    }

    /// Takes `amount` although it may not fit, for what is there already and
    /// must be counted.
    pub(crate) fn take_anyway(&self, amount: u64) {
        self.held.fetch_add(amount, Ordering::AcqRel);
    }

    /// Gives back `amount` that was taken before.
    pub(crate) fn give_back(&self, amount: u64) {
        let before = self.held.fetch_sub(amount, Ordering::AcqRel);
        debug_assert!(before >= amount, "more given back than was taken");
    }

    /// What is held now.
    pub(crate) fn held(&self) -> u64 {
        self.held.load(Ordering::Acquire)
    }

    /// One of what is bounded, until the permit is dropped.
    pub(crate) fn permit(self: &Arc<Self>) -> Option<Permit> {
        self.take(1).then(|| Permit(Arc::clone(self)))
    }
}

/// One taken of a [`Bound`]; given back on drop.
#[derive(Debug)]
#[must_use = "a permit that is dropped at once bounds nothing"]
pub(crate) struct Permit(Arc<Bound>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.give_back(1);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_whole() {
        let bound = Bound::new(10);
        assert!(bound.take(7));
        assert!(!bound.take(4));
        assert_eq!(bound.held(), 7);
        assert!(bound.take(3));
        bound.give_back(10);
        assert_eq!(bound.held(), 0);
    }

    #[test]
    fn an_amount_that_would_wrap_does_not_fit() {
        let bound = Bound::new(u64::MAX);
        assert!(bound.take(1));
        assert!(!bound.take(u64::MAX));
    }

    #[test]
    fn what_is_there_anyway_counts_and_lets_nothing_more_in() {
        let bound = Bound::new(2);
        bound.take_anyway(3);
        assert!(!bound.take(1));
        bound.give_back(2);
        assert!(bound.take(1));
    }

    #[test]
    fn a_permit_gives_back_when_it_is_dropped() {
        let bound = Arc::new(Bound::new(1));
        let permit = bound.permit();
        assert!(permit.is_some() && bound.permit().is_none());
        drop(permit);
        assert!(bound.permit().is_some());
    }

    #[test]
    fn racing_takers_never_pass_the_bound() {
        let bound = Bound::new(100);
        let taken: u64 = thread::scope(|scope| {
            let takers: Vec<_> =
                (0..8).map(|_| scope.spawn(|| (0..50).filter(|_| bound.take(1)).count() as u64)).collect();
            takers.into_iter().map(|taker| taker.join().expect("a taker does not panic")).sum()
        });
        assert_eq!((taken, bound.held()), (100, 100));
    }
}
