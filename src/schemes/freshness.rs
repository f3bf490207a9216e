//! How far a signed time may be from the clock.

use std::time::Duration;

use super::refusal::Refusal;
use crate::clock::UnixTime;

/// A tolerance, for times in whole seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Freshness {
    pub(super) tolerance: Duration,
}

impl Freshness {
    pub(super) const fn in_seconds(tolerance: Duration) -> Self {
        Self { tolerance }
    }

    /// How long after its signed time a delivery is fresh: the clock is rounded
    /// down to whole seconds.
    pub(super) fn lasts(self) -> Duration {
        self.tolerance.saturating_add(Duration::from_millis(999))
    }

    /// Whether `signed_at` is within the tolerance of `now`, both edges
    /// included.
    pub(super) fn check(self, signed_at: UnixTime, now: UnixTime) -> Result<(), Refusal> {
        let now = UnixTime::from_secs(now.as_secs());
        if now.saturating_since(signed_at) > self.tolerance {
            return Err(Refusal::TimestampTooOld);
        }
        if signed_at.saturating_since(now) > self.tolerance {
            return Err(Refusal::TimestampInFuture);
        }
        Ok(())
    }
}

/// Whether `expires`, the last second in which a signature holds, is not yet over.
/// The sender chose it, so no tolerance is added.
pub(super) fn check_expiry(expires: Option<UnixTime>, now: UnixTime) -> Result<(), Refusal> {
    match expires {
        Some(expires) if expires.as_secs() < now.as_secs() => Err(Refusal::TimestampTooOld),
        _ => Ok(()),
    }
}
