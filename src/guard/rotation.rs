//! The secrets of a source while they rotate: when each counts, and when it
//! last verified a delivery. Start at [`Guard::secrets`], which tells both.
//!
//! The time goes with the secret and not with its slot: a reload that takes one
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
        let slots = self.config.slots.iter().zip(&self.last_uses.0).enumerate();
        slots.map(|(slot, (SecretSlot { validity, .. }, last_use))| SecretStatus {
            slot,
            validity: *validity,
            last_verified: last_use.at(),
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

/// When each secret of a source last verified a delivery, by slot.
#[derive(Debug)]
pub(crate) struct LastUses(Box<[Arc<LastUse>]>);

impl LastUses {
    /// Those of `slots`. What `before` had already goes on with its time, which
    /// deliveries that are still on their way through `before` set too.
    pub(crate) fn new(slots: &[SecretSlot], before: Option<&Source>) -> Self {
        let last_use = |slot: &SecretSlot| {
            let before = before?;
            let same = |earlier: &SecretSlot| earlier.secret == slot.secret;
            let place = before.config.slots.iter().position(same)?;
            Some(Arc::clone(&before.last_uses.0[place]))
        };
        Self(slots.iter().map(|slot| last_use(slot).unwrap_or_default()).collect())
    }

    /// The secret in `slot` verified a delivery at `now`.
    pub(crate) fn note(&self, slot: usize, now: UnixTime) {
        self.0[slot].note(now);
    }
}

/// Seconds since 1970; 0 for never.
#[derive(Debug, Default)]
struct LastUse(AtomicU64);

impl LastUse {
    /// Written once a second at most, so that workers share the line that it is
    /// in. It may step back with the clock.
    fn note(&self, now: UnixTime) {
        let now = now.as_secs();
        if self.0.load(Ordering::Relaxed) != now {
            self.0.store(now, Ordering::Relaxed);
        }
    }

    fn at(&self) -> Option<UnixTime> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            seconds => Some(UnixTime::from_secs(seconds)),
        }
    }
}
