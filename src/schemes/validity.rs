//! From when until when a secret counts.
//!
//! A secret out of its time is left out of those that may have signed, so that
//! a message signed with two secrets holds by the other one. The refusal is that
//! of a wrong signature: a sender learns nothing of dates. Where comparing takes
//! one pass over all secrets it still does; which of them are in time is no
//! secret, and a list of those would be an allocation for each delivery.
//!
//! The time is that of the delivery's arrival and never the signed one, which
//! whoever has an old secret writes as he likes.

use super::scheme::{Credential, SECRETS_MAX};
use crate::clock::UnixTime;

/// When a secret counts; always, by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// The first instant at which it does.
    pub not_before: Option<UnixTime>,
    /// The last one, as in a certificate (RFC 5280 section 4.1.2.5).
    pub not_after: Option<UnixTime>,
}

impl Validity {
    /// At all times.
    pub const ALWAYS: Self = Self { not_before: None, not_after: None };

    /// Whether the secret counts at `now`.
    pub fn holds(&self, now: UnixTime) -> bool {
        self.not_before.is_none_or(|first| first <= now) && !self.is_over(now)
    }

    /// Whether the secret counts no more.
    pub fn is_over(&self, now: UnixTime) -> bool {
        self.not_after.is_some_and(|last| last < now)
    }
}

/// The validity of each secret of a scheme; empty where all count always, which
/// costs a delivery nothing.
#[derive(Debug)]
pub(super) struct Validities(Box<[Validity]>);

impl Validities {
    pub(super) fn of(credentials: &[Credential]) -> Self {
        let each = credentials.iter().map(|credential| credential.validity);
        if each.clone().all(|validity| validity == Validity::ALWAYS) {
            return Self(Box::default());
        }
        Self(each.collect())
    }

    pub(super) fn all(&self) -> &[Validity] {
        &self.0
    }

    /// The slots of the secrets that count at `now`.
    pub(super) fn at(&self, now: UnixTime) -> InTime {
        if self.0.is_empty() {
            return InTime::ALL;
        }
        let bit = |(slot, validity): (usize, &Validity)| u16::from(validity.holds(now)) << slot;
        InTime(self.0.iter().enumerate().map(bit).fold(0, |slots, bit| slots | bit))
    }
}

/// The time of a delivery, and the secrets that count then.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub(super) now: UnixTime,
    pub(super) secrets: InTime,
}

/// The slots whose secrets count, by their bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InTime(u16);

impl InTime {
    pub(super) const ALL: Self = Self(u16::MAX);

    pub(super) fn has(self, slot: usize) -> bool {
        slot < SECRETS_MAX && self.0 & (1 << slot) != 0
    }
}

const _: () = assert!(SECRETS_MAX <= u16::BITS as usize, "each slot has a bit");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Secret;

    const FIRST: UnixTime = UnixTime::from_secs(100);
    const LAST: UnixTime = UnixTime::from_secs(200);

    fn credential(validity: Validity) -> Credential {
        Credential { validity, ..Secret::new("x").into() }
    }

    #[test]
    fn a_secret_counts_from_its_first_instant_to_its_last() {
        let (from, until) = (
            Validity { not_before: Some(FIRST), ..Validity::ALWAYS },
            Validity { not_after: Some(LAST), ..Validity::ALWAYS },
        );
        let both = Validity { not_before: Some(FIRST), not_after: Some(LAST) };
        for (millis, [after_first, before_last, within]) in [
            (99_999, [false, true, false]),
            (100_000, [true, true, true]),
            (200_000, [true, true, true]),
            (200_001, [true, false, false]),
        ] {
            let now = UnixTime::from_millis(millis);
            assert!(Validity::ALWAYS.holds(now));
            assert_eq!([from, until, both].map(|it| it.holds(now)), [after_first, before_last, within]);
            assert_eq!(both.is_over(now), !before_last);
        }
    }

    #[test]
    fn each_slot_has_its_own_time_and_the_last_slot_one_too() {
        let ended = credential(Validity { not_after: Some(LAST), ..Validity::ALWAYS });
        let credentials: Vec<_> = (0..SECRETS_MAX)
            .map(|slot| if slot % 2 == 0 { ended.clone() } else { credential(Validity::ALWAYS) })
            .collect();
        let validities = Validities::of(&credentials);
        for slot in 0..SECRETS_MAX {
            assert!(validities.at(LAST).has(slot), "{slot}");
            assert_eq!(validities.at(UnixTime::from_secs(201)).has(slot), slot % 2 == 1, "{slot}");
        }
    }

    #[test]
    fn without_dates_every_slot_counts() {
        let validities = Validities::of(&[credential(Validity::ALWAYS)]);
        assert_eq!(validities.at(UnixTime::EPOCH), InTime::ALL);
        assert!(!InTime::ALL.has(SECRETS_MAX));
    }
}
