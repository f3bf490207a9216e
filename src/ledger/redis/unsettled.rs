//! Settlements that Redis could not be told of, tried again until they are in.
//!
//! - A *commit*: the app has the message, so its sender got 503 and not 2xx. It
//!   is tried as long as the delivery would be remembered: recorded late it
//!   still keeps a second copy from the app.
//! - A *release*: the sender's retry would otherwise wait for the lease to
//!   lapse. Under `--on-unknown hold` it would even count as accepted.
//! - A claim that was *given up* at its deadline is released twice, now and
//!   when the claim can no longer arrive: the first may overtake it.
//!
//! Bounded: more than [`MOST`] are not kept. Those left out lapse with their
//! leases, as do all when the process ends.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::scripts::Order;
use crate::clock::UnixTime;
use crate::ledger::Settlement;

/// What is still to be told.
#[derive(Debug, Default)]
pub(super) struct Unsettled(Mutex<VecDeque<Waiting>>);

#[derive(Debug)]
struct Waiting {
    order: Order,
    not_before: Instant,
    /// It is of no use any more after this.
    lapses: UnixTime,
}

impl Unsettled {
    /// Keeps a settlement that failed. `lease_ends` is when its claim lapses.
    pub(super) fn keep(&self, order: Order, lease_ends: UnixTime) {
        let lapses = match order.settlement {
            Settlement::Commit => order.until,
            Settlement::Release => lease_ends,
        };
        self.push(Waiting { order, not_before: Instant::now(), lapses });
    }

    /// Keeps the release of a claim that may have been made, or may still be.
    pub(super) fn give_up(&self, order: Order, lease_ends: UnixTime) {
        let later = Instant::now() + OVERTAKEN_MAX;
        self.push(Waiting { order: order.clone(), not_before: later, lapses: lease_ends });
        self.push(Waiting { order, not_before: Instant::now(), lapses: lease_ends });
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    /// Takes what is due, at most [`BATCH`]. What fails comes back by
    /// [`put_back`](Self::put_back).
    pub(super) fn take_due(&self, now: UnixTime) -> Vec<(Order, UnixTime)> {
        let mut waiting = self.lock();
        waiting.retain(|waiting| now < waiting.lapses);
        let mut due = Vec::new();
        for _ in 0..waiting.len() {
            let Some(next) = waiting.pop_front() else { break };
            if due.len() < BATCH && next.not_before <= Instant::now() {
                due.push((next.order, next.lapses));
            } else {
                waiting.push_back(next);
            }
        }
        due
    }

    /// For another try.
    pub(super) fn put_back(&self, order: Order, lapses: UnixTime) {
        self.push(Waiting { order, not_before: Instant::now(), lapses });
    }

    fn push(&self, waiting: Waiting) {
        let mut all = self.lock();
        if all.len() < MOST {
            all.push_back(waiting);
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Twice as many as deliveries at once.
const MOST: usize = 16_384;

/// Told in one go.
const BATCH: usize = 256;

/// A claim that arrives later than this is refused by the comparison of clocks.
const OVERTAKEN_MAX: Duration = Duration::from_secs(6);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schemes::Digest;

    fn order(settlement: Settlement) -> Order {
        Order {
            entry: vec![1],
            content: Digest::of(b"body"),
            signed_at: None,
            until: UnixTime::from_secs(1000),
            token: [0; 16],
            settlement,
        }
    }

    fn secs(secs: u64) -> UnixTime {
        UnixTime::from_secs(secs)
    }

    #[test]
    fn a_commit_is_tried_while_it_would_be_remembered_and_a_release_while_its_lease_runs() {
        let unsettled = Unsettled::default();
        unsettled.keep(order(Settlement::Commit), secs(100));
        unsettled.keep(order(Settlement::Release), secs(100));
        let due = unsettled.take_due(secs(99));
        assert_eq!(due.len(), 2);
        for (order, lapses) in due {
            unsettled.put_back(order, lapses);
        }
        let due = unsettled.take_due(secs(100));
        assert_eq!(due.iter().map(|(order, _)| order.settlement).collect::<Vec<_>>(), [Settlement::Commit]);
        assert_eq!(unsettled.count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_claim_given_up_is_released_now_and_again_when_it_can_no_longer_arrive() {
        let unsettled = Unsettled::default();
        unsettled.give_up(order(Settlement::Release), secs(100));
        assert_eq!(unsettled.take_due(secs(1)).len(), 1);
        assert_eq!(unsettled.take_due(secs(1)).len(), 0);
        tokio::time::advance(OVERTAKEN_MAX).await;
        assert_eq!(unsettled.take_due(secs(1)).len(), 1);
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let unsettled = Unsettled::default();
        for _ in 0..=MOST {
            unsettled.keep(order(Settlement::Commit), secs(100));
        }
        assert_eq!(unsettled.count(), MOST);
        assert_eq!(unsettled.take_due(secs(1)).len(), BATCH);
    }
}
