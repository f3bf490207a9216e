//! Wall time as a value.
//!
//! What decides takes a [`UnixTime`]; what runs asks a [`Clock`] once per
//! delivery. Waiting (deadlines, leases of sockets) is tokio's business and
//! never comes here.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// An instant of wall time: milliseconds since 1970-01-01T00:00:00Z, without
/// leap seconds (POSIX time).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(u64);

impl UnixTime {
    /// The epoch: earlier than anything that is ever signed.
    pub const EPOCH: Self = Self(0);

    /// From whole seconds. Saturates at the far end of time rather than wrap:
    /// the number may come from a stranger.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// From milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Whole seconds, rounded down.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }

    /// Milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// `self + span`, saturating.
    #[must_use]
    pub fn saturating_add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(millis(span)))
    }

    /// `self - span`, not before the epoch.
    #[must_use]
    pub fn saturating_sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(millis(span)))
    }

    /// How long after `earlier` this is; zero when it is not after it.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for UnixTime {
    /// Seconds with three decimals, such as `1700000000.250`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// Where wall time comes from.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The present instant. It may step back when the system clock is set.
    fn now(&self) -> UnixTime;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixTime {
        // A clock set before 1970 reads as the epoch, where every signature is
        // from the future and is refused.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        UnixTime(millis(since))
    }
}

/// A clock that stands still until it is told to move. For tests, and for
/// judging a delivery at the time it was made.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that reads `now`.
    pub const fn new(now: UnixTime) -> Self {
        Self(AtomicU64::new(now.0))
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, now: UnixTime) {
        self.0.store(now.0, Ordering::Relaxed);
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(millis(span), Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixTime {
        UnixTime(self.0.load(Ordering::Relaxed))
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(UnixTime::EPOCH.saturating_sub(Duration::from_secs(1)), UnixTime::EPOCH);
        assert_eq!(UnixTime::from_secs(u64::MAX).saturating_add(Duration::MAX).as_millis(), u64::MAX);
        assert_eq!(UnixTime::EPOCH.saturating_since(UnixTime::from_secs(1)), Duration::ZERO);
    }

    #[test]
    fn seconds_round_down_and_display_keeps_millis() {
        let t = UnixTime::from_millis(1_700_000_000_250);
        assert_eq!(t.as_secs(), 1_700_000_000);
        assert_eq!(t.to_string(), "1700000000.250");
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::new(UnixTime::from_secs(10));
        assert_eq!(clock.now(), clock.now());
        clock.advance(Duration::from_millis(1500));
        assert_eq!(clock.now().as_millis(), 11_500);
        clock.set(UnixTime::from_secs(3));
        assert_eq!(clock.now().as_secs(), 3);
    }
}
