//! One key's entry as a state machine: in flight → accepted → ended.
//!
//! Pure: a request and a time go in, what is to be answered comes out. It
//! decides the classes of copies and how long each state lasts; storing,
//! counting and forgetting is the engine's.

use tokio::sync::watch;

use super::{ClaimRequest, Class, OnUnknown, WAITERS_PER_KEY_MAX};
use crate::clock::UnixTime;
use crate::schemes::Digest;

/// What is remembered under one key.
#[derive(Debug)]
pub(super) struct Entry {
    content: Digest,
    /// The newest signed time that came with this content.
    signed_at: Option<UnixTime>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Its owner has it until the lease ends.
    InFlight {
        lease_ends: UnixTime,
        /// How long it is remembered if it lapses and is held as accepted.
        held_until: UnixTime,
        /// Copies that wait. Dropping it wakes them, also one that comes to
        /// listen after that, so that no wake-up is lost; made by the first.
        waiting: Option<watch::Sender<()>>,
    },
    /// The app has it; forgotten at `until`.
    Accepted { until: UnixTime },
    /// Released, lapsed or forgotten. Final: a new claim gets a new entry.
    Ended,
}

/// What a delivery finds under its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// Nothing that counts any more: the key is as good as absent.
    Nothing,
    /// The same content, in flight.
    InFlight,
    /// The same content, accepted.
    Accepted(Class),
    /// Another content, in flight or accepted.
    OtherContent,
}

/// What a copy is compared with, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Remembered {
    pub(super) content: Digest,
    /// The newest signed time that came with this content.
    pub(super) signed_at: Option<UnixTime>,
    /// When it may be forgotten; of a claim, when that would be if it lapsed and
    /// were held as accepted.
    pub(super) until: UnixTime,
}

/// What ends with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// The signed time of something accepted: the watermark has to cover it
    /// from now on. What was never accepted may come again.
    pub(super) forgets: Option<UnixTime>,
}

impl Entry {
    /// A claim made at `now`.
    pub(super) fn in_flight(request: &ClaimRequest, now: UnixTime) -> Self {
        let lease_ends = now.saturating_add(request.lease);
        let held_until = request.memory.until(request.signed_at, lease_ends);
        let state = State::InFlight { lease_ends, held_until, waiting: None };
        Self { content: request.content, signed_at: request.signed_at, state }
    }

    /// One that was accepted before.
    pub(super) fn accepted(remembered: &Remembered) -> Self {
        let Remembered { content, signed_at, until } = *remembered;
        Self { content, signed_at, state: State::Accepted { until } }
    }

    /// What is remembered; `None` when it has ended.
    pub(super) fn remembered(&self) -> Option<Remembered> {
        let until = match self.state {
            State::InFlight { held_until, .. } => held_until,
            State::Accepted { until } => until,
            State::Ended => return None,
        };
        Some(Remembered { content: self.content, signed_at: self.signed_at, until })
    }

    /// What `request` is to this entry. A newer signature is recorded: from
    /// then on it is a replay, and is remembered for its own tolerance.
    pub(super) fn meet(&mut self, request: &ClaimRequest, now: UnixTime, on_unknown: OnUnknown) -> Met {
        if self.due(now, on_unknown).is_none() {
            return Met::Nothing;
        }
        if self.content != request.content {
            return Met::OtherContent;
        }
        match &mut self.state {
            State::Ended => Met::Nothing,
            State::InFlight { .. } => Met::InFlight,
            State::Accepted { until } => match request.signed_at {
                None => Met::Accepted(Class::Redelivery),
                Some(signed_at) if self.signed_at.is_some_and(|newest| signed_at <= newest) => {
                    Met::Accepted(Class::Replay)
                }
                Some(signed_at) => {
                    self.signed_at = Some(signed_at);
                    *until = (*until).max(request.memory.signed_until(signed_at));
                    Met::Accepted(Class::Retry)
                }
            },
        }
    }

    /// Listens for the settlement of what is in flight; `None` when nothing is,
    /// or when as many wait as may.
    pub(super) fn listen(&mut self) -> Option<watch::Receiver<()>> {
        let State::InFlight { waiting, .. } = &mut self.state else { return None };
        let waiting = waiting.get_or_insert_with(|| watch::Sender::new(()));
        (waiting.receiver_count() < WAITERS_PER_KEY_MAX).then(|| waiting.subscribe())
    }

    /// The owner's claim becomes accepted.
    pub(super) fn accept(&mut self, until: UnixTime) {
        self.state = State::Accepted { until };
    }

    /// Nothing is remembered from here on; `None` when that was so before.
    pub(super) fn end(&mut self) -> Option<Ended> {
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Accepted { .. } => Some(Ended { forgets: self.signed_at }),
            State::InFlight { .. } => Some(Ended { forgets: None }),
            State::Ended => None,
        }
    }

    /// Whether its owner still has it.
    pub(super) const fn is_in_flight(&self) -> bool {
        matches!(self.state, State::InFlight { .. })
    }

    /// When its state ends; `None` when it has ended by `now`.
    pub(super) fn due(&mut self, now: UnixTime, on_unknown: OnUnknown) -> Option<UnixTime> {
        let due = match self.state {
            State::InFlight { lease_ends, held_until, .. }
                if lease_ends <= now && on_unknown == OnUnknown::Hold =>
            {
                self.accept(held_until);
                held_until
            }
            State::InFlight { lease_ends, .. } => lease_ends,
            State::Accepted { until } => until,
            State::Ended => return None,
        };
        (now < due).then_some(due)
    }
}
