//! The secrets of a source while they rotate: when each counts, how many
//! deliveries it verified, and when the last. Start at [`Guard::secrets`].
//!
//! Count and time go with the secret and not with its slot: a reload that takes one
//! out moves the others up, and a new one must not look used because it stands
//! where an old one did.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::clock::UnixTime;
use crate::config::SecretSlot;
use crate::guard::source::Source;
use crate::guard::state::Guard;
use crate::schemes::Validity;

/// What can be told of one secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SecretStatus {
    /// Its number from 0, as in `countersign_verified_total` and the log.
    pub(crate) slot: usize,
    pub(crate) validity: Validity,
    /// Since this process started, or since the secret was added.
    pub(crate) verified: u64,
    /// To the second; `None` for never since this process started, or since the
    /// secret was added.
    pub(crate) last_verified: Option<UnixTime>,
}

impl Guard {
    /// Each secret in force, with its source, in the order of the
    /// configuration. Copies what it tells: nothing is held on to.
    pub(crate) fn secrets(&self) -> Vec<(String, SecretStatus)> {
        let in_force = self.in_force.load();
        let named = |source: &Arc<Source>| vec![source.config.name.clone(); source.config.slots.len()];
        let of = |source| named(source).into_iter().zip(source.secrets());
        in_force.sources.iter().flat_map(of).collect()
    }
}

impl Source {
    /// Its secrets, in the order of their slots.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = SecretStatus> {
        let slots = self.config.slots.iter().zip(&self.uses.0).enumerate();
        slots.map(|(slot, (SecretSlot { validity, .. }, uses))| SecretStatus {
            slot,
            validity: *validity,
            verified: uses.count.load(Ordering::Relaxed),
            last_verified: uses.last(),
        })
    }

    /// Of the secrets that count no more at `now`, the one that ended last. It
    /// is named in the log alone, and whether it signed a delivery is not
    /// looked at: nobody can find that out by asking.
    pub(crate) fn expired_slot(&self, now: UnixTime) -> Option<usize> {
        let slots = self.config.slots.iter().enumerate();
        let ended = slots.filter(|(_, slot)| slot.validity.is_over(now));
        ended.max_by_key(|(_, slot)| slot.validity.not_after).map(|(place, _)| place)
    }
}

/// What each secret of a source has verified, by slot.
#[derive(Debug)]
pub(crate) struct Uses(Box<[Arc<UsesOfOne>]>);

impl Uses {
    /// Those of `slots`. What `before` had already goes on with its own, which
    /// deliveries that are still on their way through `before` add to too.
    pub(crate) fn new(slots: &[SecretSlot], before: Option<&Source>) -> Self {
        let uses = |slot: &SecretSlot| {
            let before = before?;
            let same = |earlier: &SecretSlot| earlier.secret == slot.secret;
            let place = before.config.slots.iter().position(same)?;
            Some(Arc::clone(&before.uses.0[place]))
        };
        Self(slots.iter().map(|slot| uses(slot).unwrap_or_default()).collect())
    }

    /// The secret in `slot` verified a delivery at `now`.
    pub(crate) fn note(&self, slot: usize, now: UnixTime) {
        self.0[slot].note(now);
    }
}

#[derive(Debug, Default)]
struct UsesOfOne {
    count: AtomicU64,
    /// Seconds since 1970; 0 for never.
    last: AtomicU64,
}

impl UsesOfOne {
    /// The time may step back with the clock.
    fn note(&self, now: UnixTime) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.last.store(now.as_secs(), Ordering::Relaxed);
    }

    fn last(&self) -> Option<UnixTime> {
        match self.last.load(Ordering::Relaxed) {
            0 => None,
            seconds => Some(UnixTime::from_secs(seconds)),
        }
    }
}
